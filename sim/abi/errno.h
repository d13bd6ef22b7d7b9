/* errno.h - the errors that system calls return, with Linux's numbers. */
#ifndef ABI_ERRNO_H
#define ABI_ERRNO_H

#define EPERM   1
#define ENOENT  2
#define ESRCH   3
#define E2BIG   7
#define ENOEXEC 8
#define EBADF   9
#define ECHILD  10
#define EAGAIN  11
#define ENOMEM  12
#define EFAULT  14
#define EBUSY   16
#define EINVAL  22
#define ENOSYS  38

#endif
