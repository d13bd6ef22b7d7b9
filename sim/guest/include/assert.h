/* assert.h - what must hold, always checked: else the program ends with status 134 and says where.
 */
#ifndef GUEST_ASSERT_H
#define GUEST_ASSERT_H

#define assert(condition) ((condition) ? (void)0 : assert_failed(__FILE__, __LINE__, #condition))

_Noreturn void assert_failed(const char *file, int line, const char *condition);

#endif
