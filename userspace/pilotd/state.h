/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was changed at run time, in memory and on disk. state.conf has it as of
 * some time; each change since is a record at the end of a journal, so that a
 * change costs as much with 100,000 peers as with one. What was changed stays
 * changed when the call returns, whatever dies then: a peer that was deleted
 * must not come back.
 *
 * A record is a line "put LENGTH HASH" or "forget LENGTH HASH" and LENGTH bytes
 * in the syntax of pilotd.conf. The hash tells a record that was written whole;
 * reading ends at the first that was not. Records may be applied again to a
 * state.conf that has them already.
 */
#ifndef PILOTD_STATE_H
#define PILOTD_STATE_H

#include <limits.h>
#include <sys/types.h>

#include "config.h"

/* The journal is made one with state.conf when longer than that and this. */
#define STATE_JOURNAL_MIN	65536

struct state {
	struct config config;
	char path[PATH_MAX];		/* of state.conf */
	int journal;			/* -1: not open */
	off_t end;			/* of its last whole record */
	off_t limit;			/* for its length */
};

/* Functions that can fail return 0 or -errno with a text in @err. */

void state_init(struct state *state);
/* Reads what is there; mends and shortens it. */
int state_open(struct state *state, const char *path,
	       char err[static CONFIG_ERROR_LEN]);
void state_close(struct state *state);

/* One that is disabled loses its peers. */
int state_agent_put(struct state *state, const struct config_agent *agent,
		    char err[static CONFIG_ERROR_LEN]);
/* With its peers. Nothing to forget is no error. */
int state_agent_forget(struct state *state, const char *name,
		       char err[static CONFIG_ERROR_LEN]);
int state_peer_put(struct state *state, const struct config_peer *peer,
		   char err[static CONFIG_ERROR_LEN]);
int state_peer_forget(struct state *state, const char *link,
		      const uint8_t public[static 32],
		      char err[static CONFIG_ERROR_LEN]);

/*
 * Applies the records of a journal. Return: the bytes of those that are
 * whole, or -ENOMEM.
 */
ssize_t state_replay(struct config *config, const char *text, size_t len);

#endif /* PILOTD_STATE_H */
