/* memlayout.h - where things are in the user's half of an address space; as Akaros has them.
 *
 *   ULIM        0000800000000000  end of the user's half
 *   UVPT        00007f8000000000  reserved (Akaros maps the page tables here)
 *   UINFO       00007f7fffc00000  struct procinfo, read-only to the user
 *   UWLIM       = UINFO           end of what a user may ever write
 *   UDATA       00007f7fffa00000  struct procdata
 *   USTACKTOP   00007f7fff9ff000  initial stack, grows down
 *   UMAPTOP     = USTACKTOP       end of what mmap gives out
 *   BRK_START   0000100000000000  mmap gives out addresses from here up
 *
 * Also included by assembly.
 */
#ifndef ABI_MEMLAYOUT_H
#define ABI_MEMLAYOUT_H

#define ABI_MAX_NUM_CORES 255

#define ULIM       0x0000800000000000
#define UVPT       0x00007f8000000000
#define UINFO      0x00007f7fffc00000
#define UWLIM      UINFO
#define UDATA      0x00007f7fffa00000
#define USTACKTOP  0x00007f7fff9ff000
#define UMAPTOP    USTACKTOP
#define BRK_START  0x0000100000000000
#define BRK_END    0x0000300000000000
#define USTACKSIZE 0x10000

#endif
