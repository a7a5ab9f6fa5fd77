// SPDX-License-Identifier: GPL-2.0-or-later

#include "outside.h"

/* Agents of one host may have their introducer in common: it counts once. */
static void view_add(struct outside *outside, const struct endpoint *server,
		     const struct endpoint *mapped)
{
	for (unsigned int i = 0; i < outside->views; i++)
		if (endpoint_equal(&outside->view[i].server, server) &&
		    endpoint_equal(&outside->view[i].mapped, mapped))
			return;
	if (endpoint_is_set(mapped) && outside->views < OUTSIDE_VIEWS_MAX)
		outside->view[outside->views++] =
			(struct stun_view){ *server, *mapped };
}

void outside_stun(struct outside *outside, struct advice_family *family,
		  const struct stun_client *stun)
{
	family->asked = stun->servers;
	if (stun_client_mapped(stun)) {
		family->mapping = stun->mapping;
		family->filtering = stun->filtering;
	}
	for (unsigned int i = 0; i < stun->servers; i++) {
		const struct stun_server *server = &stun->server[i];

		family->answered = family->answered || server->answered;
		view_add(outside, &server->endpoint, &server->mapped);
	}
}

void outside_introducer(struct outside outside[static 2],
			struct advice_family family[static 2],
			const struct path_introducer_info *info,
			const struct endpoint *where)
{
	int i = info->at.family == AF_INET6;

	if (!info->reachable)
		return;
	if (info->class == PATH_CLASS_TLS) {
		if (endpoint_is_set(where))
			family[where->family == AF_INET6].by_tls++;
		return;
	}
	/* On a link of ours: what gets there may get no further. */
	if (info->class == PATH_CLASS_LAN)
		family[i].near = true;
	if (info->class >= PATH_CLASS_RELAY || info->class == PATH_CLASS_LAN ||
	    !endpoint_is_set(&info->observed[i]))
		return;
	family[i].introduced = true;
	view_add(&outside[i], &info->at, &info->observed[i]);
}

static bool is_host(const struct addresses_own *own,
		    const struct endpoint *endpoint)
{
	for (unsigned int i = 0; i < own->count; i++)
		if (endpoint_equal(&own->host[i], endpoint))
			return true;
	return false;
}

/* Who sees us as we are may be on our side of the NAT; others know better. */
void outside_judge(const struct outside *outside,
		   const struct addresses_own *own,
		   struct advice_family *family)
{
	struct stun_view beyond[OUTSIDE_VIEWS_MAX];
	const struct stun_view *views = outside->view;
	unsigned int count = 0;

	for (unsigned int i = 0; i < outside->views; i++)
		if (!is_host(own, &views[i].mapped))
			beyond[count++] = views[i];
	family->nat = count;
	if (count)
		views = beyond;
	else
		count = outside->views;
	if (!count)
		return;
	family->outer = views[0].mapped;
	if (family->mapping == STUN_UNKNOWN)
		family->mapping = stun_mapping(views, count);
}
