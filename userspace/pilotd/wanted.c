// SPDX-License-Identifier: GPL-2.0-or-later

#include "wanted.h"

#include <errno.h>
#include <string.h>

#include "addr.h"
#include "worker.h"

int wanted_parse(struct worker *worker, const json_t *args,
		 struct wanted *wanted, struct control_error *error)
{
	const char *link = NULL, *did = NULL, *address = NULL;

	memset(wanted, 0, sizeof(*wanted));
	if (control_get_string(args, "link", false, &link, error) ||
	    control_get_string(args, "did", false, &did, error) ||
	    control_get_string(args, "address", false, &address, error))
		return -EINVAL;
	if (link) {
		wanted->agent = worker_agent_find(worker, link);
		if (!wanted->agent) {
			control_error_set(error, "not-found", NULL,
					  "there is no link %s", link);
			return -ENOENT;
		}
	}
	if (did && did_parse(did, wanted->public)) {
		control_error_set(error, "invalid",
				  "an identity reads did:key:z6Mk...",
				  "%s is not an identity", did);
		return -EINVAL;
	}
	wanted->has_public = did;
	if (address && addr_parse(address, &wanted->address)) {
		control_error_set(error, "invalid",
				  "an agent address reads N:NNNN.HHHH.LLLL",
				  "%s is not an agent address", address);
		return -EINVAL;
	}
	return 0;
}

bool wanted_match(const struct wanted *wanted, const struct session_peer *peer)
{
	if (wanted->has_public &&
	    memcmp(wanted->public, session_peer_public(peer),
		   sizeof(wanted->public)))
		return false;
	return !wanted->address ||
	       wanted->address == session_peer_address(peer);
}

/* The one peer that matches. */
static struct session_peer *wanted_one(struct worker *worker,
				       const struct wanted *wanted,
				       struct control_error *error)
{
	struct session_peer *peer, *found = NULL;
	struct worker_agent *agent;

	for (agent = worker->agents; agent; agent = agent->next) {
		if (wanted->agent && wanted->agent != agent)
			continue;
		peer = NULL;
		while ((peer = session_peer_next(agent->session, peer))) {
			if (!wanted_match(wanted, peer))
				continue;
			if (found) {
				control_error_set(error, "invalid",
						  "say which link: link NAME",
						  "several links have this peer");
				return NULL;
			}
			found = peer;
		}
	}
	if (!found)
		control_error_set(error, "not-found",
				  "pilot-link peer show lists the peers",
				  "there is no such peer");
	return found;
}

static bool wanted_is_given(const struct wanted *wanted,
			    struct control_error *error)
{
	if (wanted->has_public || wanted->address)
		return true;
	control_error_set(error, "bad-request", "give did or address",
			  "which peer is meant?");
	return false;
}

struct session_peer *wanted_peer(struct worker *worker, const json_t *args,
				 struct control_error *error)
{
	struct wanted wanted;

	if (wanted_parse(worker, args, &wanted, error) ||
	    !wanted_is_given(&wanted, error))
		return NULL;
	return wanted_one(worker, &wanted, error);
}
