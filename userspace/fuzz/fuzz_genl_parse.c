// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the kernel: the first byte chooses what they are taken for. */
#include <stdlib.h>
#include <string.h>

#include "../pilot-link/genl.h"
#include "../pilot-link/link_show.h"
#include "../pilot-link/monitor.h"
#include "../pilot-link/peer_show.h"
#include "../pilot-link/relay_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tool tool = {
	.json = true, .details = true, .statistics = true,
};

static void fuzz_device(const struct nlmsghdr *message)
{
	struct message_device device;
	struct link_view view = { .device = &device, .ifname = "pilot0" };

	if (!message_parse_device(message, &device))
		json_decref(link_json(&tool, &view));
}

static void fuzz_peer(const struct nlmsghdr *message)
{
	struct message_peer peer;
	struct peer_view view = { .peer = &peer, .ifname = "pilot0" };

	if (message_parse_peer(message, &peer))
		return;
	json_decref(peer_json(&tool, &view));
	message_free_peer(&peer);
}

static void fuzz_relay(const struct nlmsghdr *message)
{
	struct message_relay relay;

	if (!message_parse_relay(message, &relay))
		json_decref(relay_json(&relay, "pilot0"));
}

static void fuzz_event(const struct nlmsghdr *message)
{
	struct message_event event;

	if (message_parse_event(message, &event))
		return;
	json_decref(monitor_event_json(&event, "pilot0"));
	message_free_event(&event);
}

static void fuzz_other(const struct nlmsghdr *message)
{
	char text[GENL_TEXT_LEN];
	struct rtnl_link link;

	genl_error_parse(message, text, sizeof(text));
	rtnl_link_parse(message, &link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *message;
	uint8_t choice;

	if (size < 1 + 4)
		return 0;
	choice = *data++;
	size--;
	/* The input is a payload after the type and flags of the header. */
	message = malloc(sizeof(*message) + size - 4);
	if (!message)
		return 0;
	memset(message, 0, sizeof(*message));
	message->nlmsg_len = sizeof(*message) + size - 4;
	memcpy(&message->nlmsg_type, data, 2);
	memcpy(&message->nlmsg_flags, data + 2, 2);
	memcpy(message + 1, data + 4, size - 4);
	switch (choice % 5) {
	case 0:
		fuzz_device(message);
		break;
	case 1:
		fuzz_peer(message);
		break;
	case 2:
		fuzz_event(message);
		break;
	case 3:
		fuzz_other(message);
		break;
	case 4:
		fuzz_relay(message);
		break;
	}
	free(message);
	return 0;
}
