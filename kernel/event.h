/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for the helper, by multicast: something happened that the kernel
 * does not decide about.
 */
#ifndef PILOT_EVENT_H
#define PILOT_EVENT_H

#include <linux/pilot.h>
#include <linux/types.h>

struct genl_family;
struct net;
struct pilot_dev;
struct pilot_key;
struct pilot_path;
struct pilot_peer;
struct sk_buff;

/**
 * struct pilot_event - an event
 * @type: what
 * @reason: why
 * @address: the peer, 0 = the event is about the device
 * @path: the peer's endpoint, or NULL
 * @key: has a key
 * @lane: lane of the key
 * @epoch: epoch of the key
 */
struct pilot_event {
	enum pilot_event_type type;
	enum pilot_event_reason reason;
	u64 address;
	const struct pilot_path *path;
	bool key;
	u8 lane;
	u32 epoch;
};

void pilot_event_module_init(const struct genl_family *family);
void pilot_event_send(struct pilot_dev *dev, const struct pilot_event *event);
void pilot_event_key(struct pilot_dev *dev, enum pilot_event_type type,
		     enum pilot_event_reason reason,
		     const struct pilot_key *key);
void pilot_event_peer(struct pilot_dev *dev, enum pilot_event_type type,
		      enum pilot_event_reason reason,
		      const struct pilot_peer *peer);
void pilot_event_socket_gone(struct pilot_dev *dev, struct net *net,
			     enum pilot_event_reason reason);
int pilot_event_put_endpoint(struct sk_buff *msg, int attr,
			     const struct pilot_path *path);

#endif /* PILOT_EVENT_H */
