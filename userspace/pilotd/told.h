/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the worker makes of the parent's words. */
#ifndef PILOTD_TOLD_H
#define PILOTD_TOLD_H

struct ipc_message;
struct worker;

void told_message(struct worker *worker, struct ipc_message *message);

#endif /* PILOTD_TOLD_H */
