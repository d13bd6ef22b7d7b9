#include "sim/replay/version.h"

const char ringv_version[] = "0.1";
const char ringv_build_id[] = RINGV_BUILD_ID; /* by the Makefile */
