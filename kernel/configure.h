/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes to a device's configuration. All are made in process context with
 * the lock of the device held, except where said.
 */
#ifndef PILOT_CONFIGURE_H
#define PILOT_CONFIGURE_H

#include "dev.h"

struct netlink_ext_ack;
struct socket;

int pilot_device_address_check(u64 address, struct netlink_ext_ack *extack);
int pilot_device_address_set(struct pilot_dev *dev, u64 address,
			     struct netlink_ext_ack *extack);
int pilot_device_socket_set(struct pilot_dev *dev, enum pilot_family family,
			    unsigned int lane,
			    struct socket *sock,
			    struct netlink_ext_ack *extack);
void pilot_device_socket_gone(struct pilot_socket_link *link,
			      enum pilot_family family, struct sock *sk);
int pilot_device_peer_add(struct pilot_dev *dev, u64 address,
			  const struct pilot_peer_config *config,
			  const struct pilot_path *path,
			  struct netlink_ext_ack *extack);
void pilot_device_peer_idle_anew(struct pilot_peer *peer);
int pilot_device_peer_set(struct pilot_peer *peer,
			  const struct pilot_peer_config *config,
			  const struct pilot_path *path, bool forget);
void pilot_device_peer_del(struct pilot_dev *dev, struct pilot_peer *peer);
int pilot_device_key_add(struct pilot_dev *dev, struct pilot_peer *peer,
			 const struct pilot_key_config *config,
			 struct netlink_ext_ack *extack);
void pilot_device_key_del(struct pilot_dev *dev, struct pilot_key *key);
int pilot_device_key_swap(struct pilot_dev *dev, struct pilot_key *key,
			  struct netlink_ext_ack *extack);
int pilot_device_relay_add(struct pilot_dev *dev, u64 from, u64 to,
			   const struct pilot_relay_config *config,
			   bool replace, struct netlink_ext_ack *extack);
void pilot_device_relay_del(struct pilot_dev *dev, struct pilot_relay *relay);
void pilot_device_drop_queued(struct pilot_dev *dev);
void pilot_device_clear(struct pilot_dev *dev);

#endif /* PILOT_CONFIGURE_H */
