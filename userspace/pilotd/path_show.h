/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request "path.show": by which way each peer is reached, which others
 * there are, and why they are not used.
 */
#ifndef PILOTD_PATH_SHOW_H
#define PILOTD_PATH_SHOW_H

#include <jansson.h>

#include "control.h"

struct worker;

/* @args: link, did, address; all peers when none is named. */
json_t *path_show(struct worker *worker, const json_t *args,
		  struct control_error *error);

#endif /* PILOTD_PATH_SHOW_H */
