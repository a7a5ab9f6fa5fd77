// SPDX-License-Identifier: GPL-2.0-or-later

#include "run.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#include "error.h"
#include "keeper.h"
#include "log.h"
#include "parent.h"
#include "sockets.h"
#include "store.h"

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *si,
		     void *ctx)
{
	struct parent *parent = ctx;
	char err[CONFIG_ERROR_LEN];

	(void)source;
	(void)si;
	sd_notify(0, "RELOADING=1");
	if (parent_reload(parent, err))
		log_error("reload: %s", err);
	else
		log_info("reloaded %s", parent->options->config);
	sd_notify(0, "READY=1");
	return 0;
}

/*
 * The same for as long as the host is: what it had mapped stays its own when it
 * is started anew.
 */
static void make_portmap_secret(uint8_t secret[static PORTMAP_SECRET_LEN])
{
	static const sd_id128_t of = SD_ID128_MAKE(0b, 9e, 5f, 1d, 3c, 7a, 4e,
						   52, 8d, 16, a4, 6f, 90, c3,
						   2b, 71);
	sd_id128_t id;

	if (sd_id128_get_machine_app_specific(of, &id) < 0 &&
	    sd_id128_get_boot_app_specific(of, &id) < 0 &&
	    sd_id128_randomize(&id) < 0)
		return;
	memcpy(secret, id.bytes, PORTMAP_SECRET_LEN);
}

static int open_sockets(struct parent *parent, char *err)
{
	const struct options *options = parent->options;
	struct group *group = getgrnam("pilot-link");
	int ret;

	parent->control_gid = group ? group->gr_gid : 0;
	lanes_init(&parent->lanes, parent->config.port, parent->config.lanes);
	lanes_inherit(&parent->lanes, options->handover);
	ret = lanes_open(&parent->lanes, err, CONFIG_ERROR_LEN);
	if (ret)
		return ret;
	lanes_keep(&parent->lanes);

	parent->control = socket_listen(options->control, SOCK_STREAM, 0660,
					parent->control_gid, err,
					CONFIG_ERROR_LEN);
	if (parent->control < 0)
		return parent->control;
	parent->handover = socket_listen(options->handover, SOCK_STREAM, 0600,
					 0, err, CONFIG_ERROR_LEN);
	if (parent->handover < 0)
		return parent->handover;
	parent->events = netlink_events_open();
	if (parent->events < 0)
		return error_set(err, CONFIG_ERROR_LEN, -parent->events,
				 "cannot hear the pilot module: is it loaded (modprobe pilot), and are you root?");
	return 0;
}

static int start(struct parent *parent, char *err)
{
	const struct config none = { 0 };
	int ret;

	ret = store_load(&parent->file, CONFIG_FILE, parent->options->config,
			 err);
	if (!ret)
		ret = state_open(&parent->state, parent->options->state, err);
	if (!ret)
		ret = parent_merge(parent);
	if (ret)
		return ret;
	log_level_set(parent->config.log_level);
	ret = open_sockets(parent, err);
	if (ret)
		return ret;
	parent->bridge.event = parent->event;
	parent->bridge.port = parent->config.port;
	parent->bridge.log_level = parent->config.log_level;
	parent->bridge.state = parent_bridge_state;
	parent->bridge.ctx = parent;
	if (bridge_keeper_serve(&parent->bridge, &parent->config.tls, err,
				CONFIG_ERROR_LEN))
		log_error("nobody is served by TLS yet: %s", err);
	*err = '\0';
	/* Said in the log; the rest is served, and a reload tries again. */
	parent_apply(parent, &none, err);
	make_portmap_secret(parent->portmap_secret);
	return keeper_start(parent);
}

static int add_signals(struct parent *parent)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Without a handler the loop ends with status 0. */
	ret = sd_event_add_signal(parent->event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(parent->event, NULL, SIGINT, NULL,
					  NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(parent->event, NULL, SIGHUP,
					  on_reload, parent);
	return ret < 0 ? ret : 0;
}

/* A worker that lives is heard of often enough for systemd's watchdog. */
static uint64_t ask_interval(void)
{
	uint64_t watchdog_us;

	if (sd_watchdog_enabled(0, &watchdog_us) > 0 &&
	    watchdog_us / 3 < KEEPER_ASK_US)
		return watchdog_us / 3;
	return KEEPER_ASK_US;
}

int run(const struct options *options)
{
	struct parent parent = { .options = options, .ipc = -1, .events = -1,
				 .control = -1, .handover = -1,
				 .ask_us = ask_interval() };
	char err[CONFIG_ERROR_LEN] = "";
	struct agent *next;
	int ret;

	bridge_keeper_init(&parent.bridge);
	config_init(&parent.file);
	state_init(&parent.state);
	config_init(&parent.config);
	ret = sd_event_default(&parent.event);
	if (ret >= 0)
		ret = add_signals(&parent);
	if (ret >= 0)
		ret = start(&parent, err);
	if (ret < 0) {
		log_error("%s", err[0] ? err : strerror(-ret));
		ret = 1;
		goto out;
	}
	sd_notify(0, "READY=1");
	log_info("serving %zu agents on UDP port %u with %u lanes",
		 parent.config.agent_count, parent.config.port,
		 parent.lanes.count);
	ret = sd_event_loop(parent.event);
	sd_notify(0, "STOPPING=1");
out:
	if (parent.worker > 0 && parent.ipc >= 0)
		kill(parent.worker, SIGTERM);
	bridge_keeper_stop(&parent.bridge);
	for (; parent.agents; parent.agents = next) {
		next = parent.agents->next;
		agent_close(parent.agents);
	}
	config_free(&parent.file);
	state_close(&parent.state);
	config_free(&parent.config);
	return ret ? 1 : 0;
}
