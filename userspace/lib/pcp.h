/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the Port Control Protocol (RFC 6887): MAP and ANNOUNCE. */
#ifndef PILOT_LIB_PCP_H
#define PILOT_LIB_PCP_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define PCP_VERSION		2
#define PCP_PORT		5351
#define PCP_ANNOUNCE_PORT	5350
#define PCP_NONCE_LEN		12
#define PCP_MAP_LEN		60
#define PCP_PROTOCOL_UDP	17

enum pcp_opcode {
	PCP_ANNOUNCE = 0,
	PCP_MAP = 1,
};

enum pcp_result {
	PCP_SUCCESS = 0,
	PCP_UNSUPP_VERSION = 1,
	PCP_NOT_AUTHORIZED = 2,
};

struct pcp_map {
	uint32_t lifetime;		/* seconds; 0 ends the mapping */
	uint8_t nonce[PCP_NONCE_LEN];
	uint16_t port;			/* of ours */
	struct endpoint external;	/* a wish, or what was given */
};

struct pcp_response {
	uint8_t opcode;
	uint8_t result;
	uint32_t lifetime;		/* of an error too */
	uint32_t epoch;
	struct pcp_map map;		/* of a response to MAP */
};

/*
 * @client: the address that the request is sent from. A wish without family is
 * for any address and port. Return: the length.
 */
size_t pcp_map_write(uint8_t out[static PCP_MAP_LEN],
		     const struct endpoint *client, const struct pcp_map *map);

/*
 * Return: 0; -EPROTONOSUPPORT when the other side has another version;
 * -EBADMSG for what is no response to what we ask. The external address of a
 * success can be sent to, except where the lifetime is 0.
 */
int pcp_response_parse(const uint8_t *bytes, size_t len,
		       struct pcp_response *response);

const char *pcp_result_name(uint8_t result);

#endif /* PILOT_LIB_PCP_H */
