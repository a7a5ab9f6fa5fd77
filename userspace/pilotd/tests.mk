# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests and fuzz targets of pilotd link beside the library.

PILOTD_PARTS := $(filter-out pilotd/main.c,$(PILOTD_SRC))
PILOTD_CONFIG := $(filter pilotd/config%,$(PILOTD_SRC))

TEST_pilotd_config_EXTRA := $(PILOTD_CONFIG)
TEST_pilotd_config_sets_EXTRA := $(PILOTD_CONFIG)
TEST_pilotd_config_tls_EXTRA := $(PILOTD_CONFIG)
TEST_pilotd_state_EXTRA := $(PILOTD_CONFIG) pilotd/store.c
TEST_pilotd_journal_EXTRA := $(PILOTD_CONFIG) pilotd/state.c pilotd/store.c
TEST_pilotd_control_EXTRA := pilotd/control.c pilotd/control_message.c
TEST_pilotd_ipc_EXTRA := $(PILOTD_CONFIG) pilotd/ipc.c \
	pilotd/bridge_message.c pilotd/seqpacket.c
TEST_pilotd_cpu_EXTRA := pilotd/cpu.c
TEST_pilotd_netlink_EXTRA := pilotd/netlink.c
TEST_pilotd_lanes_EXTRA := pilotd/lanes.c pilotd/sockets.c
TEST_pilotd_secret_EXTRA := pilotd/secret.c pilotd/psk.c
TEST_pilotd_serve_EXTRA := $(PILOTD_PARTS)
TEST_pilotd_keeper_EXTRA := $(PILOTD_PARTS)
TEST_pilotd_ping_EXTRA := $(PILOTD_PARTS)
TEST_pilotd_reach_EXTRA := $(PILOTD_PARTS)
TEST_pilotd_reach_tls_EXTRA := $(PILOTD_CONFIG) pilotd/reach_tls.c \
	pilotd/bridge_request.c
TEST_pilotd_turns_EXTRA := pilotd/turns.c pilotd/arm.c
TEST_pilotd_events_EXTRA := pilotd/events.c pilotd/attr.c
TEST_pilotd_attr_EXTRA := pilotd/attr.c
TEST_pilotd_hold_EXTRA := pilotd/hold.c
TEST_pilotd_udp_EXTRA := pilotd/udp.c
TEST_pilotd_netcheck_EXTRA := $(PILOTD_PARTS)
TEST_pilotd_addresses_EXTRA := pilotd/addresses.c pilotd/route_event.c
TEST_config_EXTRA := $(PILOTD_CONFIG)
TEST_state_EXTRA := $(PILOTD_CONFIG) pilotd/state.c pilotd/store.c
TEST_control_EXTRA := pilotd/control.c pilotd/control_message.c
TEST_ipc_EXTRA := $(PILOTD_CONFIG) pilotd/ipc.c \
	pilotd/bridge_message.c pilotd/seqpacket.c
TEST_kernel_event_EXTRA := pilotd/events.c pilotd/attr.c
TEST_route_event_EXTRA := pilotd/addresses.c pilotd/route_event.c
TEST_pilotd_bridge_EXTRA := pilotd/bridge_message.c pilotd/seqpacket.c
TEST_pilotd_bridge_keeper_EXTRA := pilotd/bridge_keeper.c \
	pilotd/bridge_message.c pilotd/seqpacket.c
TEST_bridge_message_EXTRA := pilotd/bridge_message.c pilotd/seqpacket.c
