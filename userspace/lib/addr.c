// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

static const uint8_t addr_prefix[6] = { 0xfd, 'P', 'I', 'L', 'O', 'T' };
static const char addr_derive_key[] = "pilot-link agent address 1";

bool addr_is_reserved(uint64_t addr)
{
	return addr > ADDR_MAX || addr_node(addr) <= ADDR_NODE_RESERVED ||
	       addr_node(addr) == ADDR_NODE_BROADCAST;
}

/* Exactly four hex digits. */
static int addr_parse_group(const char **text, uint16_t *group)
{
	unsigned int value = 0;

	for (int i = 0; i < 4; i++, (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (c - 'A' + 10);
		else
			return -EINVAL;
	}
	*group = value;
	return 0;
}

/* Decimal, no sign and no leading zeros, so that one text is one number. */
static int addr_parse_network(const char **text, uint16_t *network)
{
	const char *start = *text;
	unsigned int value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		value = value * 10 + (**text - '0');
		if (value > UINT16_MAX)
			return -EINVAL;
	}
	if (*text == start || (*start == '0' && *text - start > 1))
		return -EINVAL;
	*network = value;
	return 0;
}

int addr_parse(const char *text, uint64_t *addr)
{
	uint16_t network, again, hi, lo;

	if (addr_parse_network(&text, &network) || *text++ != ':' ||
	    addr_parse_group(&text, &again) || *text++ != '.' ||
	    addr_parse_group(&text, &hi) || *text++ != '.' ||
	    addr_parse_group(&text, &lo) || *text || network != again)
		return -EINVAL;
	*addr = addr_make(network, (uint32_t)hi << 16 | lo);
	return 0;
}

void addr_format(uint64_t addr, char buf[static ADDR_TEXT_LEN])
{
	unsigned int network = addr_network(addr);
	uint32_t node = addr_node(addr);

	snprintf(buf, ADDR_TEXT_LEN, "%u:%04X.%04X.%04X", network, network,
		 node >> 16, node & 0xffff);
}

void addr_to_in6(uint64_t addr, struct in6_addr *in6)
{
	uint32_t node = addr_node(addr);

	memset(in6, 0, sizeof(*in6));
	memcpy(in6->s6_addr, addr_prefix, sizeof(addr_prefix));
	in6->s6_addr[6] = addr_network(addr) >> 8;
	in6->s6_addr[7] = addr_network(addr);
	in6->s6_addr[12] = node >> 24;
	in6->s6_addr[13] = node >> 16;
	in6->s6_addr[14] = node >> 8;
	in6->s6_addr[15] = node;
}

int addr_from_in6(const struct in6_addr *in6, uint64_t *addr)
{
	const uint8_t *b = in6->s6_addr;

	if (memcmp(b, addr_prefix, sizeof(addr_prefix)) ||
	    b[8] || b[9] || b[10] || b[11])
		return -EINVAL;
	*addr = addr_make(b[6] << 8 | b[7], (uint32_t)b[12] << 24 |
			  b[13] << 16 | b[14] << 8 | b[15]);
	return 0;
}

uint64_t addr_derive(const uint8_t ed25519_pub[static 32], uint16_t network)
{
	uint8_t input[32 + 2 + 4], hash[16];
	uint32_t round = 0;
	uint64_t addr;

	memcpy(input, ed25519_pub, 32);
	input[32] = network;
	input[33] = network >> 8;
	do {
		for (int i = 0; i < 4; i++)
			input[34 + i] = round >> (8 * i);
		crypto_generichash(hash, sizeof(hash), input, sizeof(input),
				   (const uint8_t *)addr_derive_key,
				   sizeof(addr_derive_key) - 1);
		addr = addr_make(network, (uint32_t)hash[0] << 24 |
				 hash[1] << 16 | hash[2] << 8 | hash[3]);
		round++;
	} while (addr_is_reserved(addr));
	return addr;
}
