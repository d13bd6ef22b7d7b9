/* version.h - which ringv this is.
 *
 * A recording can be replayed by the same sources only. The build id is a hash of them, so that
 * builds by different compilers or options understand each other's recordings.
 */
#ifndef REPLAY_VERSION_H
#define REPLAY_VERSION_H

extern const char ringv_version[];
extern const char ringv_build_id[];

#endif
