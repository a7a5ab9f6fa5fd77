# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests and fuzz targets of the command link beside the library.

CMD_SRC := $(sort $(filter-out pilot-link/main.c,$(wildcard pilot-link/*.c)))

TEST_cmd_args_EXTRA := $(CMD_SRC)
TEST_cmd_batch_EXTRA := $(CMD_SRC)
TEST_cmd_control_EXTRA := $(CMD_SRC)
TEST_cmd_id_EXTRA := $(CMD_SRC)
TEST_cmd_lanes_EXTRA := $(CMD_SRC)
TEST_cmd_message_EXTRA := $(CMD_SRC)
TEST_cmd_netcheck_EXTRA := $(CMD_SRC)
TEST_cmd_ping_EXTRA := $(CMD_SRC)
TEST_cmd_relay_EXTRA := $(CMD_SRC)
TEST_genl_parse_EXTRA := $(CMD_SRC)
TEST_control_reply_EXTRA := $(CMD_SRC)
