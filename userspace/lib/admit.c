// SPDX-License-Identifier: GPL-2.0-or-later

#include "admit.h"

#include <errno.h>
#include <string.h>

void admit_init(struct admit *admit, unsigned int clients_max,
		const uint8_t key[static 16])
{
	memset(admit, 0, sizeof(*admit));
	admit->clients_max = clients_max < ADMIT_CLIENTS_MAX ?
			     clients_max : ADMIT_CLIENTS_MAX;
	memcpy(admit->sources.key, key, sizeof(admit->sources.key));
}

#define SOURCE_BYTES	8	/* of an IPv6 address */
#define SITE_BYTES	6

static bool admit_same(const struct endpoint *a, const struct endpoint *b,
		       size_t bytes)
{
	if (a->family != b->family)
		return false;
	return a->family == AF_INET ?
	       a->in4.s_addr == b->in4.s_addr :
	       !memcmp(&a->in6, &b->in6, bytes);
}

static unsigned int admit_site(const struct admit *admit,
			       const struct endpoint *source)
{
	unsigned int strangers = 0;

	for (int i = 0; i < ADMIT_PLACES; i++) {
		const struct admit_place *place = &admit->place[i];

		strangers += place->used && !place->known &&
			     admit_same(&place->source, source, SITE_BYTES);
	}
	return strangers;
}

static bool admit_is_full_of(const struct admit *admit,
			     const struct endpoint *source)
{
	unsigned int strangers = 0, all = 0;

	for (int i = 0; i < ADMIT_PLACES; i++) {
		const struct admit_place *place = &admit->place[i];

		if (!place->used ||
		    !admit_same(&place->source, source, SOURCE_BYTES))
			continue;
		all++;
		strangers += !place->known;
	}
	return all >= ADMIT_SOURCE || strangers >= ADMIT_SOURCE_STRANGERS;
}

/*
 * The oldest stranger of the site with the most. @site: only of that one, or
 * NULL.
 */
static int admit_least(const struct admit *admit, const struct endpoint *site)
{
	unsigned int most = 0, count;
	int least = -1;

	for (int i = 0; i < ADMIT_PLACES; i++) {
		const struct admit_place *place = &admit->place[i];

		if (!place->used || place->known ||
		    (site && !admit_same(&place->source, site, SITE_BYTES)))
			continue;
		count = admit_site(admit, &place->source);
		if (count > most ||
		    (count == most && place->since < admit->place[least].since))
			least = i;
		most = count > most ? count : most;
	}
	return least;
}

int admit_add(struct admit *admit, uint64_t now, const struct endpoint *source,
	      int *displaced)
{
	struct admit_place *place;
	int i = 0;

	*displaced = -1;
	if (admit_is_full_of(admit, source) ||
	    !ratelimit_take_prefix(&admit->sources, now, source)) {
		admit->stats.refused_source++;
		return -EBUSY;
	}
	if (admit_site(admit, source) >= ADMIT_SITE_STRANGERS)
		*displaced = admit_least(admit, source);
	else if (admit->strangers == ADMIT_STRANGERS)
		*displaced = admit_least(admit, NULL);
	if (*displaced >= 0)
		admit_del(admit, *displaced);
	/* Clients and strangers, each within their bound, leave one. */
	while (admit->place[i].used)
		i++;
	place = &admit->place[i];
	memset(place, 0, sizeof(*place));
	place->used = true;
	place->source = *source;
	place->since = now;
	admit->strangers++;
	return i;
}

void admit_del(struct admit *admit, int i)
{
	struct admit_place *place = &admit->place[i];

	if (!place->used)
		return;
	if (place->known)
		admit->clients--;
	else
		admit->strangers--;
	place->used = false;
}

int admit_known(struct admit *admit, uint64_t now, int i)
{
	struct admit_place *place = &admit->place[i];

	if (place->known) {
		place->since = now;
		return 0;
	}
	if (admit->clients >= admit->clients_max) {
		admit->stats.refused_full++;
		return -ENOSPC;
	}
	place->known = true;
	place->since = now;
	admit->strangers--;
	admit->clients++;
	return 0;
}

bool admit_frame(struct admit *admit, uint64_t now, int i)
{
	struct admit_place *place = &admit->place[i];

	/* It stays as long as it is answered. */
	if (place->known)
		return true;
	return ratelimit_take(&place->frames, now, ADMIT_STRANGER_RATE,
			      ADMIT_STRANGER_BURST) &&
	       ratelimit_take(&admit->frames, now, ADMIT_STRANGERS_RATE,
			      ADMIT_STRANGERS_BURST);
}

uint64_t admit_until(const struct admit *admit, int i)
{
	const struct admit_place *place = &admit->place[i];

	return place->since + (place->known ? ADMIT_CLIENT_TIME :
					      ADMIT_STRANGER_TIME);
}
