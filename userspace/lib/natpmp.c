// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "be.h"
#include "natpmp.h"

#define NATPMP_VERSION		0
#define NATPMP_RESPONSE		0x80
#define NATPMP_HEADER_LEN	8
#define NATPMP_ADDRESS_LEN	12
#define NATPMP_MAP_LEN		16

size_t natpmp_address_write(uint8_t out[static NATPMP_REQUEST_MAX])
{
	out[0] = NATPMP_VERSION;
	out[1] = NATPMP_ADDRESS;
	return 2;
}

size_t natpmp_map_write(uint8_t out[static NATPMP_REQUEST_MAX], uint16_t port,
			uint16_t external_port, uint32_t lifetime)
{
	out[0] = NATPMP_VERSION;
	out[1] = NATPMP_MAP_UDP;
	be_put16(out + 2, 0);
	be_put16(out + 4, port);
	be_put16(out + 6, external_port);
	be_put32(out + 8, lifetime);
	return NATPMP_REQUEST_MAX;
}

/* An error may come without what stands behind the header. */
int natpmp_response_parse(const uint8_t *bytes, size_t len,
			  struct natpmp_response *response)
{
	memset(response, 0, sizeof(*response));
	if (len < NATPMP_HEADER_LEN || bytes[0] != NATPMP_VERSION ||
	    !(bytes[1] & NATPMP_RESPONSE))
		return -EBADMSG;
	response->opcode = bytes[1] & ~NATPMP_RESPONSE;
	response->result = be_get16(bytes + 2);
	response->epoch = be_get32(bytes + 4);
	switch (response->opcode) {
	case NATPMP_ADDRESS:
		if (len >= NATPMP_ADDRESS_LEN)
			memcpy(&response->address, bytes + 8, 4);
		else if (!response->result)
			return -EBADMSG;
		return 0;
	case NATPMP_MAP_UDP:
		if (len >= NATPMP_MAP_LEN) {
			response->port = be_get16(bytes + 8);
			response->external_port = be_get16(bytes + 10);
			response->lifetime = be_get32(bytes + 12);
		} else if (!response->result) {
			return -EBADMSG;
		}
		return 0;
	default:
		return -EBADMSG;
	}
}

const char *natpmp_result_name(uint16_t result)
{
	static const char *const names[] = {
		"success", "unsupported version", "not authorized",
		"network failure", "no resources", "unsupported opcode",
	};

	return result < sizeof(names) / sizeof(names[0]) ? names[result] :
							   "unknown error";
}
