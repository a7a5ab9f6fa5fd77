// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "be.h"
#include "pcp.h"

#define PCP_RESPONSE	0x80
#define PCP_HEADER_LEN	24
#define PCP_LEN_MAX	1100

/* IPv4 goes as IPv4-mapped IPv6; no family is the unspecified address. */
static void put_address(uint8_t *p, sa_family_t family,
			const struct endpoint *ep)
{
	memset(p, 0, 16);
	if (family == AF_INET) {
		p[10] = p[11] = 0xff;
		if (ep->family == AF_INET)
			memcpy(p + 12, &ep->in4, 4);
	} else if (ep->family == AF_INET6) {
		memcpy(p, &ep->in6, 16);
	}
}

static void get_address(const uint8_t *p, struct endpoint *ep)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET6 };
	uint16_t port = ep->port;

	memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, p, 16);
	endpoint_from_sockaddr(ep, &ss);
	ep->port = port;
}

size_t pcp_map_write(uint8_t out[static PCP_MAP_LEN],
		     const struct endpoint *client, const struct pcp_map *map)
{
	memset(out, 0, PCP_MAP_LEN);
	out[0] = PCP_VERSION;
	out[1] = PCP_MAP;
	be_put32(out + 4, map->lifetime);
	put_address(out + 8, client->family, client);
	memcpy(out + 24, map->nonce, PCP_NONCE_LEN);
	out[36] = PCP_PROTOCOL_UDP;
	be_put16(out + 40, map->port);
	be_put16(out + 42, map->external.port);
	put_address(out + 44, client->family, &map->external);
	return PCP_MAP_LEN;
}

static int parse_map(const uint8_t *bytes, size_t len,
		     struct pcp_response *response)
{
	struct pcp_map *map = &response->map;

	if (len < PCP_MAP_LEN || bytes[36] != PCP_PROTOCOL_UDP)
		return -EBADMSG;
	map->lifetime = response->lifetime;
	memcpy(map->nonce, bytes + 24, PCP_NONCE_LEN);
	map->port = be_get16(bytes + 40);
	map->external.port = be_get16(bytes + 42);
	get_address(bytes + 44, &map->external);
	return response->result == PCP_SUCCESS && response->lifetime &&
	       endpoint_check(&map->external) ? -EBADMSG : 0;
}

int pcp_response_parse(const uint8_t *bytes, size_t len,
		       struct pcp_response *response)
{
	memset(response, 0, sizeof(*response));
	if (len < 4 || len > PCP_LEN_MAX || !(bytes[1] & PCP_RESPONSE))
		return -EBADMSG;
	/* NAT-PMP, which knows of no other version, says it in few bytes. */
	if (bytes[0] != PCP_VERSION)
		return bytes[3] == PCP_UNSUPP_VERSION ? -EPROTONOSUPPORT :
							-EBADMSG;
	if (len < PCP_HEADER_LEN || len & 3)
		return -EBADMSG;
	response->opcode = bytes[1] & ~PCP_RESPONSE;
	response->result = bytes[3];
	response->lifetime = be_get32(bytes + 4);
	response->epoch = be_get32(bytes + 8);
	if (response->result == PCP_UNSUPP_VERSION)
		return -EPROTONOSUPPORT;
	if (response->opcode == PCP_MAP)
		return parse_map(bytes, len, response);
	return response->opcode == PCP_ANNOUNCE ? 0 : -EBADMSG;
}

const char *pcp_result_name(uint8_t result)
{
	static const char *const names[] = {
		"success", "unsupported version", "not authorized",
		"malformed request", "unsupported opcode",
		"unsupported option", "malformed option", "network failure",
		"no resources", "unsupported protocol", "over quota",
		"the external address or port cannot be provided",
		"the request came through another NAT", "too many peers",
	};

	return result < sizeof(names) / sizeof(names[0]) ? names[result] :
							   "unknown error";
}
