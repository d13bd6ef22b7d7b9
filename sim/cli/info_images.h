/* info_images.h - what `ringv info` says of images: their probes and fault points.
 */
#ifndef CLI_INFO_IMAGES_H
#define CLI_INFO_IMAGES_H

#include <stdio.h>

#include "sim/symbols/images.h"

/* A line each, with function, file and line. */
void info_images_text(const struct images *images, FILE *out);

/* "probes": [...], "fault_points": [...], without a comma at the end. */
void info_images_json(const struct images *images, FILE *out);

#endif
