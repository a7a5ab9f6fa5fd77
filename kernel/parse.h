/* SPDX-License-Identifier: GPL-2.0 */
/* From netlink attributes to configuration, with a reason for each refusal. */
#ifndef PILOT_PARSE_H
#define PILOT_PARSE_H

#include "endpoint.h"
#include "key.h"
#include "peer.h"
#include "relay.h"

struct genl_info;
struct netlink_ext_ack;
struct nlattr;

/**
 * struct pilot_parsed_peer - the peer nest of a request
 * @address: agent address, always given
 * @endpoint: an endpoint was given
 * @forget: an empty endpoint was given
 * @path: the endpoint
 * @attrs: the nest's attributes, for what may be given or not
 */
struct pilot_parsed_peer {
	u64 address;
	bool endpoint;
	bool forget;
	struct pilot_path path;
	struct nlattr *attrs[PILOT_A_PEER_MAX + 1];
};

/**
 * struct pilot_parsed_relay - the relay nest of a request for a new entry
 * @from: agent address of the peer that frames come from
 * @to: of the peer that they go to
 * @config: the rest
 */
struct pilot_parsed_relay {
	u64 from;
	u64 to;
	struct pilot_relay_config config;
};

int pilot_parse_peer(struct genl_info *info, struct pilot_parsed_peer *peer);
void pilot_parse_peer_config(const struct pilot_parsed_peer *peer,
			     struct pilot_peer_config *config);
int pilot_parse_key_name(struct genl_info *info, u8 *lane, u32 *epoch);
void pilot_parse_key_wipe(struct genl_info *info);
int pilot_parse_key(struct genl_info *info, struct pilot_key_config *config);
int pilot_parse_relay_id(struct genl_info *info, u32 *id);
int pilot_parse_relay(struct genl_info *info, struct pilot_parsed_relay *relay);

#endif /* PILOT_PARSE_H */
