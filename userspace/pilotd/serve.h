/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent does at the worker's request. */
#ifndef PILOTD_SERVE_H
#define PILOTD_SERVE_H

struct ipc_message;
struct parent;

/* Does a checked request and answers it. */
void serve_request(struct parent *parent, struct ipc_message *request);

#endif /* PILOTD_SERVE_H */
