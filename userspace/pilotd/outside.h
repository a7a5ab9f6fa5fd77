/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this host is seen from outside, in one family of addresses: what STUN
 * servers and introducers say of the same socket, taken together.
 */
#ifndef PILOTD_OUTSIDE_H
#define PILOTD_OUTSIDE_H

#include "addresses.h"
#include "advice.h"
#include "path.h"
#include "stun.h"

/* More tell nothing further. */
#define OUTSIDE_VIEWS_MAX	16

struct outside {
	unsigned int views;
	struct stun_view view[OUTSIDE_VIEWS_MAX];
};

/* Notes in @family who answered. */
void outside_stun(struct outside *outside, struct advice_family *family,
		  const struct stun_client *stun);
/*
 * One introducer, configured to be at @where. By which family it counts for
 * something is found out here: @outside and @family are for IPv4 and IPv6.
 */
void outside_introducer(struct outside outside[static 2],
			struct advice_family family[static 2],
			const struct path_introducer_info *info,
			const struct endpoint *where);
/* What follows, now that all were noted. */
void outside_judge(const struct outside *outside,
		   const struct addresses_own *own,
		   struct advice_family *family);

#endif /* PILOTD_OUTSIDE_H */
