// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/pilot.h>

#include "counters.h"
#include "print.h"

#define COUNTERS_SIZE(table)	(sizeof(table) / sizeof((table)[0]))

#define DEVICE(attr, name, meaning) \
	{ PILOT_A_DEV_STATS_##attr, false, name, meaning }
#define DEVICE_DROP(attr, name, meaning) \
	{ PILOT_A_DEV_STATS_##attr, true, name, meaning }

const struct counter counters_device[] = {
	DEVICE(RX_RECORDS, "rx_records",
	       "records received and authenticated, whatever was inside"),
	DEVICE(TX_RECORDS, "tx_records", "records sealed and handed to IP"),
	DEVICE(RX_KEEPALIVES, "rx_keepalives", "empty records received"),
	DEVICE(TX_KEEPALIVES, "tx_keepalives", "empty records sent"),
	DEVICE(RX_BATCHES, "rx_batches", "batches that received records came in"),
	DEVICE(TX_BATCHES, "tx_batches", "batches that sent records went in"),
	DEVICE(RX_MERGED, "rx_merged",
	       "records delivered as part of large packets"),
	DEVICE(TX_GSO, "tx_gso", "large packets cut into records directly"),
	DEVICE(TX_SEGMENTED, "tx_segmented",
	       "large packets that the kernel's core had to cut"),
	DEVICE(AEAD_FALLBACKS, "aead_fallbacks",
	       "records done by the slow generic cipher code"),
	DEVICE(ACQUIRES, "acquires", "times the helper was asked for a key"),
	DEVICE(ENDPOINTS_MOVED, "endpoints_moved",
	       "times a peer was heard from a new endpoint"),
	DEVICE_DROP(RX_DROP_REPLAY, "rx_drop_replay",
		    "the counter was seen already, or is too old to tell"),
	DEVICE_DROP(RX_DROP_AUTH, "rx_drop_auth",
		    "the tag does not verify: damaged or forged"),
	DEVICE_DROP(RX_DROP_EXPIRED, "rx_drop_expired",
		    "the key is past its hard limit"),
	DEVICE_DROP(RX_DROP_LIMIT, "rx_drop_limit",
		    "the peer sends more than its configured rate"),
	DEVICE_DROP(RX_DROP_INNER, "rx_drop_inner",
		    "authenticated, but the packet inside is broken"),
	DEVICE_DROP(RX_DROP_ADDRESS, "rx_drop_address",
		    "the packet inside has an address that is not the peer's"),
	DEVICE_DROP(RX_DROP_ECN, "rx_drop_ecn",
		    "congestion mark outside, no ECN inside (RFC 6040)"),
	DEVICE_DROP(RX_DROP_DOWN, "rx_drop_down", "the device is not up"),
	DEVICE_DROP(RX_DROP_NO_MEMORY, "rx_drop_no_memory",
		    "no memory while receiving"),
	DEVICE_DROP(TX_DROP_PROTOCOL, "tx_drop_protocol",
		    "not IPv6, or with a broken header"),
	DEVICE_DROP(TX_DROP_ADDRESS, "tx_drop_address",
		    "source or destination is not one this device carries"),
	DEVICE_DROP(TX_DROP_TOO_BIG, "tx_drop_too_big",
		    "larger than the path takes; the sender was told"),
	DEVICE_DROP(TX_DROP_QUEUE_FULL, "tx_drop_queue_full",
		    "too many packets wait for a key"),
	DEVICE_DROP(TX_DROP_UNANSWERED, "tx_drop_unanswered",
		    "waited for a key that did not come in time"),
	DEVICE_DROP(TX_DROP_EXPIRED, "tx_drop_expired",
		    "the key is past its hard limit and none followed"),
	DEVICE_DROP(TX_DROP_NO_ENDPOINT, "tx_drop_no_endpoint",
		    "it is not known where the peer is"),
	DEVICE_DROP(TX_DROP_NO_SOCKET, "tx_drop_no_socket",
		    "no UDP socket of the endpoint's family is bound"),
	DEVICE_DROP(TX_DROP_NO_ROUTE, "tx_drop_no_route",
		    "no route to the peer's endpoint"),
	DEVICE_DROP(TX_DROP_LOOP, "tx_drop_loop",
		    "the route to the endpoint leads into a pilot device"),
	DEVICE_DROP(TX_DROP_CRYPTO, "tx_drop_crypto",
		    "the cipher code failed"),
	DEVICE_DROP(TX_DROP_NO_MEMORY, "tx_drop_no_memory",
		    "no memory while sending"),
};
const size_t counters_device_count = COUNTERS_SIZE(counters_device);

const struct counter counters_socket[] = {
	{ PILOT_A_SOCKET_STATS_RX_DATA, false, "rx_data",
	  "data frames that came to the socket" },
	{ PILOT_A_SOCKET_STATS_RX_HELPER, false, "rx_helper",
	  "datagrams passed up to the helper" },
	{ PILOT_A_SOCKET_STATS_RX_CHAINED, false, "rx_chained",
	  "batches of datagrams chained on arrival" },
	{ PILOT_A_SOCKET_STATS_RX_WHOLE, false, "rx_whole",
	  "batches of datagrams that came in one piece" },
	{ PILOT_A_SOCKET_STATS_RX_RELAYED, false, "rx_relayed",
	  "relay frames sent on to another peer" },
	{ PILOT_A_SOCKET_STATS_DROP_MALFORMED, true, "drop_malformed",
	  "too short, or reserved bytes are not zero" },
	{ PILOT_A_SOCKET_STATS_DROP_NO_INDEX, true, "drop_no_index",
	  "no key has this receiver index" },
	{ PILOT_A_SOCKET_STATS_DROP_TYPE, true, "drop_type",
	  "the first byte means nothing here" },
	{ PILOT_A_SOCKET_STATS_DROP_LIMIT, true, "drop_limit",
	  "the sender's prefix sent too much to the helper" },
	{ PILOT_A_SOCKET_STATS_DROP_RELAY, true, "drop_relay",
	  "relay frame without entry, from elsewhere or over a cap" },
};
const size_t counters_socket_count = COUNTERS_SIZE(counters_socket);

const struct counter counters_peer[] = {
	{ PILOT_A_PEER_STATS_RX_PACKETS, false, "rx_packets",
	  "packets delivered" },
	{ PILOT_A_PEER_STATS_RX_BYTES, false, "rx_bytes", "bytes delivered" },
	{ PILOT_A_PEER_STATS_TX_PACKETS, false, "tx_packets", "packets sent" },
	{ PILOT_A_PEER_STATS_TX_BYTES, false, "tx_bytes", "bytes sent" },
	{ PILOT_A_PEER_STATS_RX_DROPS, true, "rx_drops",
	  "authenticated, not delivered" },
	{ PILOT_A_PEER_STATS_TX_DROPS, true, "tx_drops", "not sent" },
};
const size_t counters_peer_count = COUNTERS_SIZE(counters_peer);

json_t *counters_json(const struct counter *counters, size_t count,
		      const uint64_t *value)
{
	json_t *object = json_new_object();
	size_t i;

	for (i = 0; i < count; i++)
		json_set_number(object, counters[i].name,
				value[counters[i].attr]);
	return object;
}
