/* SPDX-License-Identifier: GPL-2.0 */
/* Made by scripts/spec-gen from Documentation/netlink/specs/pilot.yaml. */
#ifndef PILOT_NETLINK_GEN_H
#define PILOT_NETLINK_GEN_H

#include <linux/pilot.h>
#include <net/netlink.h>

extern const struct nla_policy pilot_dev_nl_policy[PILOT_A_DEV_MAX + 1];
extern const struct nla_policy pilot_endpoint_nl_policy[PILOT_A_ENDPOINT_MAX + 1];
extern const struct nla_policy pilot_peer_nl_policy[PILOT_A_PEER_MAX + 1];
extern const struct nla_policy pilot_key_nl_policy[PILOT_A_KEY_MAX + 1];
extern const struct nla_policy pilot_relay_nl_policy[PILOT_A_RELAY_MAX + 1];
extern const struct nla_policy pilot_nl_policy[PILOT_A_MAX + 1];

#endif /* PILOT_NETLINK_GEN_H */
