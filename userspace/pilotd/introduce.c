// SPDX-License-Identifier: GPL-2.0-or-later

#include "introduce.h"

#include <errno.h>
#include <stdio.h>

#include "addr.h"
#include "answer.h"
#include "log.h"
#include "worker.h"

static struct session_peer *peer_at(struct worker *worker, uint64_t agent,
				    uint64_t peer)
{
	struct session_agent *at = session_agent_find(worker->host, agent);

	return at ? session_peer_find(at, peer) : NULL;
}

static enum introducer_standing op_standing(void *ctx, uint64_t agent,
					    uint64_t address)
{
	struct session_peer *peer = peer_at(ctx, agent, address);
	struct session_peer_info info;

	if (!peer || !session_control_ready(peer))
		return INTRODUCER_ABSENT;
	session_peer_info(peer, &info);
	if (!endpoint_is_set(&info.endpoint))
		return INTRODUCER_ABSENT;
	return endpoint_is_direct(&info.endpoint) ? INTRODUCER_DIRECT :
						    INTRODUCER_CARRIED;
}

static int op_relay_new(void *ctx, uint64_t agent,
			const struct relay_entry *entry, bool renew)
{
	struct ipc_message message;
	int ret;

	ipc_message_init(&message, IPC_RELAY_NEW);
	message.relay.agent = agent;
	message.relay.entry = *entry;
	message.relay.renew = renew;
	ret = worker_call(ctx, &message);
	if (ret && ret != -EEXIST && ret != -ENOENT)
		log_warning("the kernel refused to relay: %s",
			    message.reply.text);
	return ret;
}

static void op_relay_del(void *ctx, uint64_t agent, uint32_t id)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_RELAY_DEL);
	message.relay_name.agent = agent;
	message.relay_name.id = id;
	worker_call(ctx, &message);
}

static void op_send(void *ctx, uint64_t agent, uint64_t address,
		    const struct endpoint *dst, uint8_t type, const void *tlvs,
		    size_t len)
{
	struct session_peer *peer = peer_at(ctx, agent, address);
	struct worker *worker = ctx;
	struct clock now;

	if (!peer)
		return;
	clock_read(&now);
	session_control_send(worker->host, &now, peer, dst, type, tlvs, len);
}

static void op_notify(void *ctx, enum introducer_notice notice, uint64_t agent,
		      uint64_t from, uint64_t to, const char *text)
{
	static const char *const names[] = {
		[INTRODUCER_NOTICE_OPENED] = "relay-opened",
		[INTRODUCER_NOTICE_CLOSED] = "relay-closed",
		[INTRODUCER_NOTICE_EXPIRED] = "relay-expired",
		[INTRODUCER_NOTICE_REFUSED] = "relay-refused",
	};
	char peer[ADDR_TEXT_LEN], other[ADDR_TEXT_LEN], line[256];
	struct worker *worker = ctx;
	const struct worker_agent *at;
	struct session_agent *session;

	session = session_agent_find(worker->host, agent);
	at = session ? session_agent_data(session) : NULL;
	addr_format(from, peer);
	addr_format(to, other);
	snprintf(line, sizeof(line), "with %s%s%s", other,
		 text[0] ? ": " : "", text);
	log_debug("%s %s: %s %s", at ? at->config.name : "-", peer,
		  names[notice], line);
	if (worker->control)
		control_broadcast(worker->control,
				  answer_event(names[notice],
					       at ? at->config.name : NULL,
					       peer, line));
}

static const struct introducer_ops introducer_ops = {
	.standing = op_standing,
	.relay_new = op_relay_new,
	.relay_del = op_relay_del,
	.send = op_send,
	.notify = op_notify,
};

int introduce_start(struct worker *worker)
{
	worker->introducer = introducer_new(&introducer_ops, worker);
	return worker->introducer ? 0 : -ENOMEM;
}

bool introduce_control(struct worker *worker, struct session_agent *agent,
		       struct session_peer *peer, const struct endpoint *src,
		       uint8_t type, const uint8_t *tlvs, size_t len)
{
	struct clock now;

	clock_read(&now);
	return introducer_receive(worker->introducer, now.boot_ns,
				  session_agent_address(agent),
				  session_peer_address(peer), src, type, tlvs,
				  len);
}

void introduce_configure(struct worker *worker,
			 const struct introducer_config *config)
{
	struct clock now;

	clock_read(&now);
	introducer_configure(worker->introducer, now.boot_ns, config);
}

void introduce_adopt(struct worker *worker, const struct ipc_relay *told)
{
	struct clock now;

	clock_read(&now);
	introducer_adopt(worker->introducer, now.boot_ns, told->agent,
			 &told->entry);
}
