// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stddef.h>

#include "addr.h"
#include "text.h"

/* What this command does not know comes from a newer kernel. */
static const char *text_find(const char *const *names, size_t count,
			     unsigned int value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

#define TEXT_FIND(names, value) \
	text_find(names, sizeof(names) / sizeof((names)[0]), value)

const char *text_cipher(uint8_t cipher)
{
	static const char *const names[] = {
		[PILOT_CIPHER_AES_256_GCM] = "aes-256-gcm",
		[PILOT_CIPHER_CHACHA20_POLY1305] = "chacha20-poly1305",
	};

	return TEXT_FIND(names, cipher);
}

const char *text_slot(uint8_t slot)
{
	static const char *const names[] = {
		[PILOT_KEY_SLOT_CURRENT] = "current",
		[PILOT_KEY_SLOT_NEXT] = "next",
		[PILOT_KEY_SLOT_PREVIOUS] = "previous",
	};

	return TEXT_FIND(names, slot);
}

const char *text_event(uint8_t type)
{
	static const char *const names[] = {
		[PILOT_EVENT_ACQUIRE] = "acquire",
		[PILOT_EVENT_SOFT_LIMIT] = "soft-limit",
		[PILOT_EVENT_HARD_LIMIT] = "hard-limit",
		[PILOT_EVENT_KEY_CURRENT] = "key-current",
		[PILOT_EVENT_ENDPOINT_MOVED] = "endpoint-moved",
		[PILOT_EVENT_PEER_IDLE] = "peer-idle",
		[PILOT_EVENT_PEER_SILENT] = "peer-silent",
		[PILOT_EVENT_SOCKET_GONE] = "socket-gone",
		[PILOT_EVENT_PEER_ACTIVE] = "peer-active",
	};

	return TEXT_FIND(names, type);
}

const char *text_reason(uint8_t reason)
{
	static const char *const names[] = {
		[PILOT_REASON_NO_PEER] = "no-peer",
		[PILOT_REASON_NO_KEY] = "no-key",
		[PILOT_REASON_PACKETS] = "packets",
		[PILOT_REASON_AGE] = "age",
		[PILOT_REASON_RECEIVED] = "received",
		[PILOT_REASON_REQUEST] = "request",
		[PILOT_REASON_TIMEOUT] = "timeout",
		[PILOT_REASON_CLOSED] = "closed",
		[PILOT_REASON_UNBOUND] = "unbound",
		[PILOT_REASON_TRAFFIC] = "traffic",
	};

	return TEXT_FIND(names, reason);
}

/* The name of the flag 1 << @bit; NULL when it has none. */
const char *text_peer_flag(unsigned int bit)
{
	switch (1U << bit) {
	case PILOT_PEER_F_FULL_HEADER:
		return "full-header";
	case PILOT_PEER_F_FIXED_ENDPOINT:
		return "fixed-endpoint";
	}
	return NULL;
}

void text_in6(uint64_t address, char text[TEXT_LEN])
{
	struct in6_addr in6;

	addr_to_in6(address, &in6);
	inet_ntop(AF_INET6, &in6, text, TEXT_LEN);
}
