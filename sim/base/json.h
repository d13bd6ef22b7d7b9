/* json.h - text as JSON has it. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdio.h>

/* In quotes, with what has to be escaped. Bytes from 128 on are left as they are: UTF-8. */
void json_text(const char *text, FILE *out);

#endif
