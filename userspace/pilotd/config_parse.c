// SPDX-License-Identifier: GPL-2.0-or-later
/* Text in: lines, blocks, and what holds between blocks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "config_value.h"
#include "error.h"

enum parse_block {
	BLOCK_GLOBAL,
	BLOCK_AGENT,
	BLOCK_PEER,
};

#define PARSE_KEYWORDS	32	/* more than any block has */
#define PARSE_WORD_LEN	24

struct parser {
	struct config *config;
	enum config_kind kind;
	const char *file;
	unsigned int line;
	enum parse_block block;
	/* Keywords of the block so far: each may be given once. */
	char seen[PARSE_KEYWORDS][PARSE_WORD_LEN];
	size_t seen_count;
	/* The first of those that mean nothing without `introduce yes`. */
	char relaying[PARSE_WORD_LEN];
	unsigned int relaying_line;
	char what[CONFIG_ERROR_LEN];	/* without the place */
	char *error;
};

static int parse_fail_at(struct parser *p, unsigned int line)
{
	return error_set(p->error, CONFIG_ERROR_LEN, EINVAL, "%.120s:%u: %.360s",
			 p->file, line, p->what);
}

#define parse_fail(p, line, ...)					\
	(snprintf((p)->what, sizeof((p)->what), __VA_ARGS__),		\
	 parse_fail_at(p, line))

static int parse_once(struct parser *p, const char *keyword)
{
	size_t i;

	for (i = 0; i < p->seen_count; i++) {
		if (!strcmp(p->seen[i], keyword))
			return parse_fail(p, p->line,
					  "\"%s\" is given twice; expected it once in a block",
					  keyword);
	}
	if (p->seen_count < PARSE_KEYWORDS && strlen(keyword) < PARSE_WORD_LEN)
		strcpy(p->seen[p->seen_count++], keyword);
	return 0;
}

static void parse_block_begin(struct parser *p, enum parse_block block)
{
	p->block = block;
	p->seen_count = 0;
}

static int parse_global(struct parser *p, const char *keyword,
			const char *value, bool repeats)
{
	int ret;

	if (p->block != BLOCK_GLOBAL)
		return parse_fail(p, p->line,
				  "\"%s\" is global; expected it before the first block",
				  keyword);
	ret = repeats ? 0 : parse_once(p, keyword);
	if (ret)
		return ret;
	if (config_global_set(p->config, keyword, value, p->what))
		return parse_fail_at(p, p->line);
	if (!p->relaying_line && !strncmp(keyword, "relay", 5) &&
	    strcmp(value, "no")) {
		p->relaying_line = p->line;
		snprintf(p->relaying, sizeof(p->relaying), "%s", keyword);
	}
	return 0;
}

static int parse_agent(struct parser *p, const char *name)
{
	struct config_agent agent;

	if (config_agent_init(&agent, name, p->what))
		return parse_fail_at(p, p->line);
	if (config_agent_find(p->config, name))
		return parse_fail(p, p->line,
				  "there is an agent \"%s\" already; expected another name",
				  name);
	agent.line = p->line;
	parse_block_begin(p, BLOCK_AGENT);
	return config_agent_append(p->config, &agent);
}

static int parse_peer(struct parser *p, const char *did)
{
	struct config_peer peer;

	if (config_peer_init(&peer, did, p->what))
		return parse_fail_at(p, p->line);
	peer.line = p->line;
	parse_block_begin(p, BLOCK_PEER);
	/* Two peers with one did are told apart by their links: at the end. */
	return config_peer_append(p->config, &peer);
}

static int parse_keyword(struct parser *p, const char *keyword,
			 const char *value)
{
	struct config *config = p->config;
	bool repeats;
	int ret;

	if (config_is_global(keyword, &repeats))
		return parse_global(p, keyword, value, repeats);
	if (!strcmp(keyword, "agent"))
		return parse_agent(p, value);
	if (!strcmp(keyword, "peer"))
		return parse_peer(p, value);
	if (p->block == BLOCK_GLOBAL) {
		config_global_set(config, keyword, value, p->what);
		return parse_fail_at(p, p->line);
	}
	if (p->block == BLOCK_AGENT)
		ret = config_agent_set(&config->agents[config->agent_count - 1],
				       keyword, value, p->what);
	else
		ret = config_peer_set(&config->peers[config->peer_count - 1],
				      keyword, value, p->what);
	if (ret == -ENODEV && p->kind != CONFIG_CHECK)
		log_warning("%.200s:%u: %s; the peer is kept without it",
			    p->file, p->line, p->what);
	else if (ret)
		return parse_fail_at(p, p->line);
	return parse_once(p, keyword);
}

/* Cuts a comment and the white space around; @line is changed. */
static char *line_trim(char *line)
{
	char *end, *p;

	for (p = line; *p; p++) {
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			break;
		}
	}
	line += strspn(line, " \t");
	end = line + strlen(line);
	while (end > line && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return line;
}

static int parse_line(struct parser *p, const char *text, size_t len)
{
	char line[CONFIG_LINE_MAX + 1];
	char *keyword, *value;

	if (len > CONFIG_LINE_MAX)
		return parse_fail(p, p->line,
				  "the line is too long; expected up to %d bytes",
				  CONFIG_LINE_MAX);
	if (memchr(text, '\0', len) || !value_is_utf8(text, len))
		return parse_fail(p, p->line,
				  "a byte here is no text; expected UTF-8");
	memcpy(line, text, len);
	line[len] = '\0';
	keyword = line_trim(line);
	if (!*keyword)
		return 0;
	value = keyword + strcspn(keyword, " \t");
	if (*value)
		*value++ = '\0';
	value += strspn(value, " \t");
	if (!*value)
		return parse_fail(p, p->line,
				  "\"%.32s\" has no value; expected \"keyword value\"",
				  keyword);
	return parse_keyword(p, keyword, value);
}

static int peer_order(const void *a, const void *b)
{
	const struct config_peer *left = *(struct config_peer *const *)a;
	const struct config_peer *right = *(struct config_peer *const *)b;
	int diff;

	diff = strcmp(left->link, right->link);
	if (!diff)
		diff = memcmp(left->public, right->public,
			      sizeof(left->public));
	if (!diff)
		diff = left->line < right->line ? -1 : left->line > right->line;
	return diff;
}

/* Sorted, since comparing each with each takes too long for many peers. */
static int check_twice(struct parser *p)
{
	struct config *config = p->config;
	const struct config_peer **order;
	size_t i;
	int ret = 0;

	if (config->peer_count < 2)
		return 0;
	order = calloc(config->peer_count, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (i = 0; i < config->peer_count; i++)
		order[i] = &config->peers[i];
	qsort(order, config->peer_count, sizeof(*order), peer_order);
	for (i = 1; i < config->peer_count && !ret; i++) {
		if (strcmp(order[i - 1]->link, order[i]->link) ||
		    memcmp(order[i - 1]->public, order[i]->public,
			   sizeof(order[i]->public)))
			continue;
		ret = parse_fail(p, order[i]->line,
				 "this peer is in line %u already; expected one block for each peer of a link",
				 order[i - 1]->line);
	}
	free(order);
	return ret;
}

static int check_tls(struct parser *p)
{
	const struct bridge_serving *tls = &p->config->tls;

	if (!*tls->certificate == !*tls->key)
		return 0;
	return parse_fail(p, p->line,
			  "\"%s\" is missing; expected both tls-certificate and tls-key, or neither",
			  *tls->key ? "tls-certificate" : "tls-key");
}

static int check_agents(struct parser *p)
{
	struct config *config = p->config;
	struct config_agent *agent;
	size_t i;

	for (i = 0; i < config->agent_count; i++) {
		agent = &config->agents[i];
		if (agent->address &&
		    addr_network(agent->address) != agent->network)
			return parse_fail(p, agent->line,
					  "the agent's address is of network %u, the agent of %u; expected the same network",
					  addr_network(agent->address),
					  agent->network);
	}
	return 0;
}

static int check_peers(struct parser *p)
{
	struct config *config = p->config;
	struct config_agent *agent = NULL;
	struct config_peer *peer;
	size_t i;

	for (i = 0; i < config->peer_count; i++) {
		peer = &config->peers[i];
		if (!*peer->link && config->agent_count == 1 &&
		    p->kind != CONFIG_STATE)
			memcpy(peer->link, config->agents[0].name,
			       sizeof(peer->link));
		if (!*peer->link)
			return parse_fail(p, peer->line,
					  "the peer has no link; expected \"link NAME\", since there is not exactly one agent");
		if (!agent || strcmp(agent->name, peer->link))
			agent = config_agent_find(config, peer->link);
		if (!agent && p->kind != CONFIG_STATE)
			return parse_fail(p, peer->line,
					  "the peer's link \"%s\" has no block; expected \"agent %s\"",
					  peer->link, peer->link);
		if (agent && peer->address &&
		    addr_network(peer->address) != agent->network)
			return parse_fail(p, peer->line,
					  "the peer's address is of network %u, its link of %u; expected the same network",
					  addr_network(peer->address),
					  agent->network);
	}
	return 0;
}

static int check_introduce(struct parser *p)
{
	if (!p->relaying_line || p->config->introduce.enabled)
		return 0;
	return parse_fail(p, p->relaying_line,
			  "\"%s\" does nothing for who does not introduce; expected \"introduce yes\" as well, or no \"%s\"",
			  p->relaying, p->relaying);
}

static int parse_text(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	const char *newline;
	int ret;

	while (text < end) {
		p->line++;
		newline = memchr(text, '\n', end - text);
		if (!newline)
			newline = end;
		ret = parse_line(p, text, newline - text);
		if (ret)
			return ret;
		text = newline + 1;
	}
	ret = check_introduce(p);
	if (!ret)
		ret = check_tls(p);
	if (!ret)
		ret = check_agents(p);
	if (!ret)
		ret = check_peers(p);
	return ret ? ret : check_twice(p);
}

int config_parse(struct config *config, enum config_kind kind,
		 const char *file, const char *text, size_t len,
		 char error[static CONFIG_ERROR_LEN])
{
	struct parser parser = {
		.config = config, .kind = kind, .file = file, .error = error,
	};
	int ret;

	*error = '\0';
	config_free(config);
	if (len > CONFIG_SIZE_MAX)
		ret = parse_fail(&parser, 1,
				 "the file is too large; expected up to %d MiB",
				 CONFIG_SIZE_MAX >> 20);
	else
		ret = parse_text(&parser, text, len);
	if (!ret)
		return 0;
	if (ret == -ENOSPC)
		ret = parse_fail(&parser, parser.line,
				 "too many blocks; expected up to %d agents and %d peers",
				 CONFIG_AGENTS_MAX, CONFIG_PEERS_MAX);
	else if (!*error)
		error_set(error, CONFIG_ERROR_LEN, -ret, "%.200s:%u: %s", file,
			  parser.line, strerror(-ret));
	config_free(config);
	return ret;
}
