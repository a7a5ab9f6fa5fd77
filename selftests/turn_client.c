// SPDX-License-Identifier: GPL-2.0-or-later
#include "turn_client.h"

#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define COOKIE			0x2112a442u
#define HEADER			20
#define MESSAGE_MAX		1500
#define TRIES			20

#define ALLOCATE		0x0003
#define CHANNEL_BIND		0x0009
#define SUCCESS			0x0100

#define CHANNEL_NUMBER		0x000c
#define XOR_PEER_ADDRESS	0x0012
#define XOR_RELAYED_ADDRESS	0x0016
#define REQUESTED_TRANSPORT	0x0019

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* An attribute of @len bytes, a multiple of four. Return: the new length. */
static size_t attribute_add(uint8_t *message, size_t at, uint16_t type,
			    const void *value, uint16_t len)
{
	put16(message + at, type);
	put16(message + at + 2, len);
	memcpy(message + at + 4, value, len);
	put16(message + 2, at + 4 + len - HEADER);
	return at + 4 + len;
}

static size_t request_begin(uint8_t *message, uint16_t type)
{
	uint32_t cookie = htobe32(COOKIE);

	memset(message, 0, HEADER);
	put16(message, type);
	memcpy(message + 4, &cookie, sizeof(cookie));
	message[HEADER - 1] = type;
	return HEADER;
}

/* Sends it until it is answered. Return: the length of the answer. */
static size_t request_make(int sock, const struct sockaddr_in *server,
			   const uint8_t *request, size_t len, uint8_t *answer)
{
	struct timeval patience = { .tv_usec = 500000 };
	ssize_t got;
	int i;

	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)))
		err(1, "setsockopt");
	for (i = 0; i < TRIES; i++) {
		if (sendto(sock, request, len, 0, (const void *)server,
			   sizeof(*server)) != (ssize_t)len)
			err(1, "the TURN server");
		got = recv(sock, answer, MESSAGE_MAX, 0);
		if (got < HEADER ||
		    memcmp(answer + 4, request + 4, HEADER - 4))
			continue;
		if (get16(answer) != (get16(request) | SUCCESS))
			errx(1, "the TURN server answers with %#x",
			     get16(answer));
		return got;
	}
	errx(1, "the TURN server does not answer");
}

static bool address_find(const uint8_t *answer, size_t len, uint16_t type,
			 struct sockaddr_in *found)
{
	uint32_t address;
	size_t at, size;

	for (at = HEADER; at + 4 <= len; at += 4 + ((size + 3) & ~3u)) {
		size = get16(answer + at + 2);
		if (get16(answer + at) != type || size < 8 ||
		    at + 12 > len || answer[at + 5] != 1)
			continue;
		memcpy(&address, answer + at + 8, sizeof(address));
		found->sin_family = AF_INET;
		found->sin_port = htons(get16(answer + at + 6) ^
					(COOKIE >> 16));
		found->sin_addr.s_addr = address ^ htobe32(COOKIE);
		return true;
	}
	return false;
}

void turn_allocate(int sock, const struct sockaddr_in *server,
		   const struct sockaddr_in *peer, struct sockaddr_in *relayed)
{
	static const uint8_t udp[4] = { IPPROTO_UDP };
	uint8_t request[MESSAGE_MAX], answer[MESSAGE_MAX], value[8] = { 0, 1 };
	uint32_t address = peer->sin_addr.s_addr ^ htobe32(COOKIE);
	size_t len;

	len = request_begin(request, ALLOCATE);
	len = attribute_add(request, len, REQUESTED_TRANSPORT, udp,
			    sizeof(udp));
	len = request_make(sock, server, request, len, answer);
	if (!address_find(answer, len, XOR_RELAYED_ADDRESS, relayed))
		errx(1, "the TURN server names no address");

	len = request_begin(request, CHANNEL_BIND);
	put16(value + 2, ntohs(peer->sin_port) ^ (COOKIE >> 16));
	memcpy(value + 4, &address, sizeof(address));
	len = attribute_add(request, len, XOR_PEER_ADDRESS, value,
			    sizeof(value));
	memset(value, 0, sizeof(value));
	put16(value, TURN_CHANNEL);
	len = attribute_add(request, len, CHANNEL_NUMBER, value, 4);
	request_make(sock, server, request, len, answer);
}
