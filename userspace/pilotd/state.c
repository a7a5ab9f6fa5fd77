// SPDX-License-Identifier: GPL-2.0-or-later

#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <sodium.h>

#include "error.h"
#include "log.h"
#include "store.h"

#define HASH_LEN	16
#define HASH_TEXT	(2 * HASH_LEN + 1)
#define HEAD_MAX	64	/* of the line in front of a record */
#define PATH_JOURNAL	(PATH_MAX + 8)

static const char *const verbs[] = { "put", "forget" };

/* Of the line up to the hash, and the text behind it. */
static void record_hash(const char *head, size_t head_len, const char *text,
			size_t len, char hex[static HASH_TEXT])
{
	crypto_generichash_state hash;
	uint8_t bytes[HASH_LEN];

	crypto_generichash_init(&hash, NULL, 0, sizeof(bytes));
	crypto_generichash_update(&hash, (const uint8_t *)head, head_len);
	crypto_generichash_update(&hash, (const uint8_t *)text, len);
	crypto_generichash_final(&hash, bytes, sizeof(bytes));
	sodium_bin2hex(hex, HASH_TEXT, bytes, sizeof(bytes));
}

/* A record in the memory of a journal. */
struct record {
	bool forget;
	const char *text;
	size_t len;
};

/* Return: the bytes of the record in front, 0 when there is no whole one. */
static size_t record_read(const char *at, size_t len, struct record *record)
{
	char head[HEAD_MAX], verb[8], hash[HASH_TEXT], right[HASH_TEXT];
	const char *newline = memchr(at, '\n', len < HEAD_MAX ? len : HEAD_MAX);
	size_t head_len = newline ? newline + 1 - at : 0;
	int hash_at = 0;

	if (!head_len)
		return 0;
	memcpy(head, at, head_len);
	head[head_len - 1] = '\0';
	if (sscanf(head, "%7s %zu %n%32s", verb, &record->len, &hash_at,
		   hash) != 3 ||
	    record->len > len - head_len ||
	    (size_t)hash_at + HASH_TEXT != head_len)
		return 0;
	record->text = newline + 1;
	record->forget = !strcmp(verb, verbs[1]);
	if (!record->forget && strcmp(verb, verbs[0]))
		return 0;
	record_hash(head, hash_at, record->text, record->len, right);
	return strcmp(hash, right) ? 0 : head_len + record->len;
}

static void peers_forget(struct config *config, const char *link)
{
	size_t i;

	for (i = config->peer_count; i-- > 0;)
		if (!strcmp(config->peers[i].link, link))
			config_peer_remove(config, &config->peers[i]);
}

static int agent_apply(struct config *config, const struct config_agent *agent,
		       bool forget)
{
	struct config_agent *old = config_agent_find(config, agent->name);

	if (forget || agent->disabled)
		peers_forget(config, agent->name);
	if (!forget)
		return config_agent_put(config, agent);
	if (old)
		config_agent_remove(config, old);
	return 0;
}

static int peer_apply(struct config *config, const struct config_peer *peer,
		      bool forget)
{
	struct config_peer *old;

	if (!forget)
		return config_peer_put(config, peer);
	old = config_peer_find(config, peer->link, peer->public);
	if (old)
		config_peer_remove(config, old);
	return 0;
}

static int blocks_apply(struct config *config, const struct config *blocks,
			bool forget)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < blocks->agent_count && !ret; i++)
		ret = agent_apply(config, &blocks->agents[i], forget);
	for (i = 0; i < blocks->peer_count && !ret; i++)
		ret = peer_apply(config, &blocks->peers[i], forget);
	return ret;
}

ssize_t state_replay(struct config *config, const char *text, size_t len)
{
	char err[CONFIG_ERROR_LEN];
	struct record record;
	struct config blocks;
	size_t at = 0, n;
	int ret = 0;

	config_init(&blocks);
	while (!ret && (n = record_read(text + at, len - at, &record))) {
		ret = config_parse(&blocks, CONFIG_STATE, "journal",
				   record.text, record.len, err);
		/* Whole, and not for us: of a later version perhaps. */
		if (ret == -EINVAL) {
			log_error("a change is left out: %s", err);
			ret = 0;
		} else if (!ret) {
			ret = blocks_apply(config, &blocks, record.forget);
		}
		at += n;
	}
	config_free(&blocks);
	return ret ? ret : (ssize_t)at;
}

static void journal_path(const struct state *state,
			 char path[static PATH_JOURNAL])
{
	snprintf(path, PATH_JOURNAL, "%s.journal", state->path);
}

static int journal_fail(const struct state *state, int error, char *err)
{
	char path[PATH_JOURNAL];

	journal_path(state, path);
	return error_set(err, CONFIG_ERROR_LEN, error, "cannot write %s: %s",
			 path, strerror(error));
}

/*
 * All that is known into state.conf, then the journal is empty. A crash
 * between the two leaves records that say what state.conf says.
 */
static int compact(struct state *state, char *err)
{
	struct stat st;
	int ret;

	ret = store_save(&state->config, state->path, err);
	if (ret)
		return ret;
	if (ftruncate(state->journal, 0) < 0)
		return journal_fail(state, errno, err);
	state->end = 0;
	state->limit = STATE_JOURNAL_MIN;
	if (!stat(state->path, &st) && st.st_size > state->limit)
		state->limit = st.st_size;
	return 0;
}

/* Nothing is lost when it fails; not again at the next change, though. */
static void compact_or_warn(struct state *state, char *err)
{
	if (!compact(state, err))
		return;
	log_warning("%s", err);
	state->limit = 2 * state->end;
}

static int append(struct state *state, bool forget, const char *text,
		  size_t len)
{
	char head[HEAD_MAX], hash[HASH_TEXT];
	struct iovec iov[2] = {
		{ .iov_base = head },
		{ .iov_base = (void *)text, .iov_len = len },
	};
	ssize_t n;

	n = snprintf(head, sizeof(head), "%s %zu ", verbs[forget], len);
	record_hash(head, n, text, len, hash);
	n += snprintf(head + n, sizeof(head) - n, "%s\n", hash);
	iov[0].iov_len = n;
	n = pwritev(state->journal, iov, 2, state->end);
	if (n == (ssize_t)(iov[0].iov_len + len) &&
	    fdatasync(state->journal) == 0) {
		state->end += n;
		return 0;
	}
	n = n < 0 || errno ? -errno : -ENOSPC;
	/* What is half written must not stand before the next one. */
	if (ftruncate(state->journal, state->end) < 0)
		log_error("cannot mend the journal: %s", strerror(errno));
	return n;
}

static int change(struct state *state, const struct config *blocks,
		  bool forget, char *err)
{
	size_t len = 0;
	char *text;
	int ret;

	ret = blocks_apply(&state->config, blocks, forget);
	text = ret ? NULL : config_format(blocks, &len);
	if (!text)
		return error_set(err, CONFIG_ERROR_LEN, ret ? -ret : ENOMEM,
				 "out of memory");
	errno = 0;
	ret = append(state, forget, text, len);
	free(text);
	if (ret)
		return journal_fail(state, -ret, err);
	if (state->end > state->limit)
		compact_or_warn(state, err);
	return 0;
}

static int change_agent(struct state *state, const struct config_agent *agent,
			bool forget, char *err)
{
	struct config blocks;
	int ret;

	config_init(&blocks);
	ret = config_agent_append(&blocks, agent);
	if (ret)
		error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory");
	else
		ret = change(state, &blocks, forget, err);
	config_free(&blocks);
	return ret;
}

static int change_peer(struct state *state, const struct config_peer *peer,
		       bool forget, char *err)
{
	struct config blocks;
	int ret;

	config_init(&blocks);
	ret = config_peer_append(&blocks, peer);
	if (ret)
		error_set(err, CONFIG_ERROR_LEN, -ret, "out of memory");
	else
		ret = change(state, &blocks, forget, err);
	config_free(&blocks);
	return ret;
}

int state_agent_put(struct state *state, const struct config_agent *agent,
		    char err[static CONFIG_ERROR_LEN])
{
	return change_agent(state, agent, false, err);
}

int state_agent_forget(struct state *state, const char *name,
		       char err[static CONFIG_ERROR_LEN])
{
	struct config_agent agent;
	int ret;

	ret = config_agent_init(&agent, name, err);
	return ret ? ret : change_agent(state, &agent, true, err);
}

int state_peer_put(struct state *state, const struct config_peer *peer,
		   char err[static CONFIG_ERROR_LEN])
{
	return change_peer(state, peer, false, err);
}

int state_peer_forget(struct state *state, const char *link,
		      const uint8_t public[static 32],
		      char err[static CONFIG_ERROR_LEN])
{
	const struct config_peer *old =
		config_peer_find(&state->config, link, public);

	return old ? change_peer(state, old, true, err) : 0;
}

static int journal_open(struct state *state, char *err)
{
	char path[PATH_JOURNAL], *text = NULL;
	size_t len = 0;
	ssize_t end;
	int ret;

	journal_path(state, path);
	state->journal = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			      O_NONBLOCK, 0600);
	if (state->journal < 0)
		return error_set(err, CONFIG_ERROR_LEN, errno,
				 "cannot open %s: %s", path, strerror(errno));
	ret = store_read(state->journal, path, &text, &len, err);
	if (ret)
		return ret;
	end = state_replay(&state->config, text, len);
	free(text);
	if (end < 0)
		return error_set(err, CONFIG_ERROR_LEN, -end,
				 "cannot read %s: %s", path, strerror(-end));
	if ((size_t)end < len)
		log_warning("%s: the last change was not written whole; %zu bytes are left out",
			    path, len - end);
	if ((size_t)end < len && ftruncate(state->journal, end) < 0)
		return journal_fail(state, errno, err);
	state->end = end;
	ret = store_sync_directory(path);
	return ret ? journal_fail(state, -ret, err) : 0;
}

void state_init(struct state *state)
{
	memset(state, 0, sizeof(*state));
	config_init(&state->config);
	state->journal = -1;
}

int state_open(struct state *state, const char *path,
	       char err[static CONFIG_ERROR_LEN])
{
	int ret;

	state_init(state);
	state->limit = STATE_JOURNAL_MIN;
	if (snprintf(state->path, sizeof(state->path), "%s", path) >=
	    (int)sizeof(state->path))
		return error_set(err, CONFIG_ERROR_LEN, ENAMETOOLONG,
				 "path %s is too long", path);
	ret = store_load(&state->config, CONFIG_STATE, path, err);
	if (!ret)
		ret = journal_open(state, err);
	if (ret) {
		state_close(state);
		return ret;
	}
	if (state->end)
		compact_or_warn(state, err);
	return 0;
}

void state_close(struct state *state)
{
	if (state->journal >= 0)
		close(state->journal);
	state->journal = -1;
	config_free(&state->config);
}
