/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the worker asks of the bridge, by way of the parent. */
#ifndef PILOTD_BRIDGE_REQUEST_H
#define PILOTD_BRIDGE_REQUEST_H

#include "bridge_message.h"

/* Without the parent nothing can go on: the worker's loop sees to that. */
void bridge_request_open(const struct bridge_open *open);
void bridge_request_close(const struct endpoint *server,
			  enum stream_kind kind);
void bridge_request_hurry(void);

#endif /* PILOTD_BRIDGE_REQUEST_H */
