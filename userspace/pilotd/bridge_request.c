// SPDX-License-Identifier: GPL-2.0-or-later

#include "bridge_request.h"

#include "ipc.h"
#include "spawn.h"

void bridge_request_open(const struct bridge_open *open)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_BRIDGE_OPEN);
	message.bridge_open = *open;
	ipc_send(WORKER_FD_IPC, &message);
}

void bridge_request_close(const struct endpoint *server, enum stream_kind kind)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_BRIDGE_CLOSE);
	message.bridge_open.server = *server;
	message.bridge_open.kind = kind;
	ipc_send(WORKER_FD_IPC, &message);
}

void bridge_request_hurry(void)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_BRIDGE_HURRY);
	ipc_send(WORKER_FD_IPC, &message);
}
