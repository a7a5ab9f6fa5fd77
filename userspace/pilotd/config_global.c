// SPDX-License-Identifier: GPL-2.0-or-later
/* The keywords that stand in front of the first block. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admit.h"
#include "config.h"
#include "config_value.h"
#include "error.h"

struct config_global {
	const char *name;
	int (*set)(struct config *config, const char *value, char *error);
	bool repeats;			/* may be given more than once */
};

static int global_number(const char *value, const char *what, uint64_t min,
			 uint64_t max, uint64_t *number, char *error)
{
	if (!value_parse_u64(value, min, max, number))
		return 0;
	return error_set(error, CONFIG_ERROR_LEN, EINVAL,
			 "bad number \"%.64s\"; expected %s from %llu to %llu",
			 value, what, (unsigned long long)min,
			 (unsigned long long)max);
}

static int global_bool(const char *value, bool *flag, char *error)
{
	uint32_t parsed;
	int ret = value_parse_bool(value, &parsed, error);

	if (!ret)
		*flag = parsed;
	return ret;
}

static int set_listen(struct config *config, const char *value, char *error)
{
	uint64_t number;

	if (value_parse_u64(value, 1, UINT16_MAX, &number))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad port \"%.64s\"; expected a number from 1 to 65535",
				 value);
	config->port = number;
	return 0;
}

static int set_lanes(struct config *config, const char *value, char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "lanes", 1, WIRE_LANES_MAX, &number, error);
	if (!ret)
		config->lanes = number;
	return ret;
}

static int set_log_level(struct config *config, const char *value, char *error)
{
	if (!log_level_parse(value, &config->log_level))
		return 0;
	return error_set(error, CONFIG_ERROR_LEN, EINVAL,
			 "bad log level \"%.64s\"; expected error, warning, notice, info or debug",
			 value);
}

static int set_rekey_after(struct config *config, const char *value,
			   char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "seconds", CONFIG_REKEY_AFTER_MIN,
			    CONFIG_REKEY_AFTER_MAX, &number, error);
	if (!ret)
		config->rekey_after = number;
	return ret;
}

static int set_introduce(struct config *config, const char *value, char *error)
{
	return global_bool(value, &config->introduce.enabled, error);
}

static int set_relay(struct config *config, const char *value, char *error)
{
	return global_bool(value, &config->introduce.data, error);
}

static int set_relay_packets(struct config *config, const char *value,
			     char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "packets per second", 0, UINT32_MAX,
			    &number, error);
	if (!ret)
		config->introduce.packet_rate = number;
	return ret;
}

static int set_relay_bytes(struct config *config, const char *value,
			   char *error)
{
	return global_number(value, "bytes per second", 0, INT64_MAX,
			     &config->introduce.byte_rate, error);
}

static int set_relay_total_bytes(struct config *config, const char *value,
				 char *error)
{
	return global_number(value, "bytes", 0, INT64_MAX,
			     &config->introduce.total_bytes, error);
}

static int set_relay_clients(struct config *config, const char *value,
			     char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "pairs of clients", 1, INTRODUCER_PAIRS_MAX,
			    &number, error);
	if (!ret)
		config->introduce.pairs = number;
	return ret;
}

static int set_relay_lifetime(struct config *config, const char *value,
			      char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "seconds", CONFIG_RELAY_LIFETIME_MIN,
			    WIRE_RELAY_SECONDS_MAX, &number, error);
	if (!ret)
		config->introduce.lifetime = number;
	return ret;
}

static int set_stun_server(struct config *config, const char *value,
			   char *error)
{
	struct endpoint server;
	unsigned int i;

	if (endpoint_parse(value, &server))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad STUN server \"%.80s\"; expected an address such as 192.0.2.1:3478 or [2001:db8::1]:3478",
				 value);
	for (i = 0; i < config->stun_servers; i++)
		if (endpoint_equal(&config->stun_server[i], &server))
			return error_set(error, CONFIG_ERROR_LEN, EINVAL,
					 "STUN server \"%.80s\" is given twice; expected it once",
					 value);
	if (i == CONFIG_STUN_SERVERS_MAX)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "one STUN server more than there may be; expected up to %d",
				 CONFIG_STUN_SERVERS_MAX);
	config->stun_server[config->stun_servers++] = server;
	return 0;
}

/* @port: when the text has none. */
static int parse_server(const char *text, uint16_t port,
			struct endpoint *server)
{
	char with_port[ENDPOINT_TEXT_LEN];

	if (!endpoint_parse_direct(text, server))
		return 0;
	if (snprintf(with_port, sizeof(with_port), "%s:%d", text, port) >=
	    (int)sizeof(with_port))
		return -EINVAL;
	return endpoint_parse_direct(with_port, server);
}

/* Such a name goes as it is, whatever alphabets a server knows. */
static bool user_is_valid(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static int parse_transport(const char *text, uint32_t *transport)
{
	for (*transport = 0; *transport < TURN_TRANSPORTS; ++*transport)
		if (!strcmp(text, turn_transport_name(*transport)))
			return 0;
	return -EINVAL;
}

/* ADDRESS USER FILE [udp | tcp | tls [NAME]]. */
static int parse_turn(const char *value, struct config_turn *turn)
{
	char address[ENDPOINT_TEXT_LEN], transport[8] = "udp";
	int words, end[3] = { 0 };

	_Static_assert(ENDPOINT_TEXT_LEN == 96 && TURN_USER_LEN == 128 &&
		       CONFIG_PATH_LEN == 256 && TURN_NAME_LEN == 64,
		       "the widths below");
	words = sscanf(value, "%95s %127s %255s %n%7s %n%63s %n", address,
		       turn->user, turn->password, &end[0], transport, &end[1],
		       turn->name, &end[2]);
	if (words < 3 || value[end[words - 3]] ||
	    parse_transport(transport, &turn->transport))
		return -EINVAL;
	if (*turn->name && (turn->transport != TURN_TLS ||
			    !value_is_host(turn->name)))
		return -EINVAL;
	if (!user_is_valid(turn->user) || !value_is_path(turn->password))
		return -EINVAL;
	return parse_server(address, turn->transport == TURN_TLS ?
			    TURN_TLS_PORT : TURN_PORT, &turn->server);
}

/* A port takes one sort of connections, and UDP besides. */
static bool turn_is_same(const struct config_turn *a,
			 const struct config_turn *b)
{
	return endpoint_equal(&a->server, &b->server) &&
	       (a->transport == TURN_UDP) == (b->transport == TURN_UDP);
}

static int set_turn_server(struct config *config, const char *value,
			   char *error)
{
	struct config_turn turn = { 0 };
	unsigned int i;

	if (parse_turn(value, &turn))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad TURN server \"%.80s\"; expected an address, a user, a file with the password, and perhaps udp, tcp, or tls and a name, such as 192.0.2.1:3478 agent /etc/pilot-link/turn tls turn.example.org",
				 value);
	for (i = 0; i < config->turn_servers; i++)
		if (turn_is_same(&config->turn_server[i], &turn))
			return error_set(error, CONFIG_ERROR_LEN, EINVAL,
					 "TURN server \"%.80s\" is given twice; expected it once",
					 value);
	if (i == TURN_SERVERS_MAX)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "one TURN server more than there may be; expected up to %d",
				 TURN_SERVERS_MAX);
	config->turn_server[config->turn_servers++] = turn;
	return 0;
}

static int set_port_mapping(struct config *config, const char *value,
			    char *error)
{
	return value_parse_bool(value, &config->port_mapping, error);
}

/* CLASS NUMBER. */
static int parse_cost(const char *value, enum path_class *class,
		      uint64_t *cost)
{
	char name[8], number[8];
	int end = 0;

	if (sscanf(value, "%7s %7s%n", name, number, &end) != 2 || value[end])
		return -EINVAL;
	return path_class_parse(name, class) ?:
	       value_parse_u64(number, 0, UINT16_MAX, cost);
}

static int set_path_cost(struct config *config, const char *value, char *error)
{
	enum path_class class;
	uint64_t cost;

	if (parse_cost(value, &class, &cost))
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad path cost \"%.64s\"; expected lan, ipv6, mapped, ipv4, relay, turn or tls, and a number from 0 to %d, such as relay 250",
				 value, UINT16_MAX);
	if (config->path_costs & 1U << class)
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "the cost of %s is given twice; expected it once",
				 path_class_name(class));
	config->path_costs |= 1U << class;
	config->path_cost[class] = cost;
	return 0;
}

static int set_path_dead(struct config *config, const char *value, char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "milliseconds", CONFIG_PATH_DEAD_MIN,
			    CONFIG_PATH_DEAD_MAX, &number, error);
	if (!ret)
		config->path_dead = number;
	return ret;
}

/* yes is every address, at the port that is open where others are not. */
static int set_introduce_tls(struct config *config, const char *value,
			     char *error)
{
	struct bridge_serving *tls = &config->tls;
	struct endpoint at;
	uint64_t port;

	if (!strcmp(value, "yes") || !strcmp(value, "no")) {
		tls->enabled = *value == 'y';
		return 0;
	}
	if (!value_parse_u64(value, 1, UINT16_MAX, &port)) {
		tls->port = port;
	} else if (!endpoint_parse_direct(value, &at)) {
		tls->listen = at;
	} else {
		return error_set(error, CONFIG_ERROR_LEN, EINVAL,
				 "bad value \"%.80s\"; expected yes, no, a port, or an address such as 192.0.2.1:443 or [2001:db8::1]:443",
				 value);
	}
	tls->enabled = true;
	return 0;
}

_Static_assert(BRIDGE_PATH_LEN >= CONFIG_PATH_LEN, "a path fits");

static int set_tls_certificate(struct config *config, const char *value,
			       char *error)
{
	return value_copy_path(config->tls.certificate, value, error);
}

static int set_tls_key(struct config *config, const char *value, char *error)
{
	return value_copy_path(config->tls.key, value, error);
}

static int set_tls_clients(struct config *config, const char *value,
			   char *error)
{
	uint64_t number;
	int ret;

	ret = global_number(value, "clients", 1, ADMIT_CLIENTS_MAX, &number,
			    error);
	if (!ret)
		config->tls.clients = number;
	return ret;
}

static const struct config_global globals[] = {
	{ "listen", set_listen, false },
	{ "lanes", set_lanes, false },
	{ "log-level", set_log_level, false },
	{ "rekey-after", set_rekey_after, false },
	{ "introduce", set_introduce, false },
	{ "relay", set_relay, false },
	{ "relay-packets", set_relay_packets, false },
	{ "relay-bytes", set_relay_bytes, false },
	{ "relay-total-bytes", set_relay_total_bytes, false },
	{ "relay-clients", set_relay_clients, false },
	{ "relay-lifetime", set_relay_lifetime, false },
	{ "introduce-tls", set_introduce_tls, false },
	{ "tls-certificate", set_tls_certificate, false },
	{ "tls-key", set_tls_key, false },
	{ "tls-clients", set_tls_clients, false },
	{ "stun-server", set_stun_server, true },
	{ "turn-server", set_turn_server, true },
	{ "port-mapping", set_port_mapping, false },
	{ "path-cost", set_path_cost, true },
	{ "path-dead", set_path_dead, false },
	{ NULL, NULL, false },
};

static const struct config_global *global_find(const char *keyword)
{
	const struct config_global *entry = globals;

	while (entry->name && strcmp(entry->name, keyword))
		entry++;
	return entry->name ? entry : NULL;
}

bool config_is_global(const char *keyword, bool *repeats)
{
	const struct config_global *entry = global_find(keyword);

	if (entry)
		*repeats = entry->repeats;
	return entry;
}

int config_global_set(struct config *config, const char *keyword,
		      const char *value, char error[static CONFIG_ERROR_LEN])
{
	const struct config_global *entry = global_find(keyword);
	size_t used;

	if (entry)
		return entry->set(config, value, error);
	used = snprintf(error, CONFIG_ERROR_LEN,
			"unknown keyword \"%.32s\"; expected", keyword);
	for (entry = globals; entry->name; entry++)
		used += snprintf(error + used, CONFIG_ERROR_LEN - used, " %s,",
				 entry->name);
	snprintf(error + used, CONFIG_ERROR_LEN - used, " agent or peer");
	return -ENOENT;
}
