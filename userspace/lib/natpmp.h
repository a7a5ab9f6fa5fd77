/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of NAT-PMP (RFC 6886): the external address, and UDP mappings. */
#ifndef PILOT_LIB_NATPMP_H
#define PILOT_LIB_NATPMP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* Servers listen at PCP_PORT. */
#define NATPMP_REQUEST_MAX	12

enum natpmp_opcode {
	NATPMP_ADDRESS = 0,
	NATPMP_MAP_UDP = 1,
};

struct natpmp_response {
	uint8_t opcode;
	uint16_t result;		/* 0: success */
	uint32_t epoch;
	struct in_addr address;		/* of NATPMP_ADDRESS */
	uint16_t port;			/* of NATPMP_MAP_UDP: ours, */
	uint16_t external_port;		/* the gateway's, */
	uint32_t lifetime;		/* and for how many seconds */
};

/* Each returns the length. */
size_t natpmp_address_write(uint8_t out[static NATPMP_REQUEST_MAX]);
/* @lifetime 0, and @external_port 0, end the mapping. */
size_t natpmp_map_write(uint8_t out[static NATPMP_REQUEST_MAX], uint16_t port,
			uint16_t external_port, uint32_t lifetime);

/* Return: 0, or -EBADMSG for what is no response to what we ask. */
int natpmp_response_parse(const uint8_t *bytes, size_t len,
			  struct natpmp_response *response);

const char *natpmp_result_name(uint16_t result);

#endif /* PILOT_LIB_NATPMP_H */
