/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent addresses: 48 bits, 16 of network and 32 of node. */
#ifndef PILOT_LIB_ADDR_H
#define PILOT_LIB_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define ADDR_TEXT_LEN		24	/* "65535:FFFF.FFFF.FFFF" and NUL */
#define ADDR_MAX		0xffffffffffffULL
#define ADDR_NODE_RESERVED	3	/* nodes 0 to 3 */
#define ADDR_NODE_BROADCAST	0xffffffffU

static inline uint64_t addr_make(uint16_t network, uint32_t node)
{
	return (uint64_t)network << 32 | node;
}

static inline uint16_t addr_network(uint64_t addr)
{
	return addr >> 32;
}

static inline uint32_t addr_node(uint64_t addr)
{
	return addr;
}

/* True for node numbers no agent may have, and for more than 48 bits. */
bool addr_is_reserved(uint64_t addr);

/*
 * Text is N:NNNN.HHHH.LLLL. Reserved addresses parse, so that they can be
 * named in an error. Return: 0, or -EINVAL.
 */
int addr_parse(const char *text, uint64_t *addr);
void addr_format(uint64_t addr, char buf[static ADDR_TEXT_LEN]);

/* fd50:494c:4f54:<network>::<node hi>:<node lo> */
void addr_to_in6(uint64_t addr, struct in6_addr *in6);
int addr_from_in6(const struct in6_addr *in6, uint64_t *addr);

/* The address an identity has in a network unless one is given. */
uint64_t addr_derive(const uint8_t ed25519_pub[static 32], uint16_t network);

#endif /* PILOT_LIB_ADDR_H */
