// SPDX-License-Identifier: GPL-2.0-or-later
/* pilotd.conf: every keyword, every refusal with its line, all or nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "check.h"
#include "config.h"
#include "dids.h"

static char did_a[DID_TEXT_LEN], did_b[DID_TEXT_LEN];
static uint8_t public_a[32], public_b[32];

static int make_dids(void **state)
{
	(void)state;
	return did_make(1, public_a, did_a) ?: did_make(2, public_b, did_b);
}

/* Replaces @A and @B by the two dids. The caller frees it. */
static char *with_dids(const char *text)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	for (; *text; text++) {
		if (!strncmp(text, "@A", 2))
			fputs(did_a, file);
		else if (!strncmp(text, "@B", 2))
			fputs(did_b, file);
		else
			fputc(*text, file);
		if (*text == '@')
			text++;
	}
	fclose(file);
	return out;
}

static int parse(struct config *config, enum config_kind kind,
		 const char *text, char *error)
{
	char *full = with_dids(text);
	int ret;

	ret = config_parse(config, kind, "t.conf", full, strlen(full), error);
	free(full);
	return ret;
}

static void assert_empty(const struct config *config)
{
	assert_null(config->agents);
	assert_null(config->peers);
	assert_int_equal(config->agent_count, 0);
	assert_int_equal(config->peer_count, 0);
	assert_int_equal(config->port, CONFIG_PORT);
}

/* The text is refused with this place and these words. */
static void refuse_as(enum config_kind kind, const char *text,
		      unsigned int line, const char *words)
{
	char error[CONFIG_ERROR_LEN], place[32];
	struct config config;

	config_init(&config);
	assert_int_equal(parse(&config, kind, text, error), -EINVAL);
	snprintf(place, sizeof(place), "t.conf:%u: ", line);
	if (strncmp(error, place, strlen(place)) || !strstr(error, words) ||
	    !strstr(error, "expected"))
		fail_msg("\"%s\" has not \"%s\" and \"%s\"", error, place,
			 words);
	assert_empty(&config);
}

static void refuse(const char *text, unsigned int line, const char *words)
{
	refuse_as(CONFIG_FILE, text, line, words);
}

static const char whole[] =
	"# everything there is\n"
	"listen 9000\n"
	"lanes 3\n"
	"rekey-after 60\n"
	"introduce yes\n"
	"relay yes\n"
	"relay-packets 2000\n"
	"relay-bytes 3000000000000\n"
	"relay-total-bytes 9000000000000\n"
	"relay-clients 40\n"
	"relay-lifetime 50\n"
	"log-level debug # said often\n"
	"introduce-tls [2001:db8::9]:8443\n"
	"tls-certificate /etc/pilot-link/cert.pem\n"
	"tls-key /etc/pilot-link/key.pem\n"
	"tls-clients 300\n"
	"stun-server 192.0.2.1:3478\n"
	"stun-server [2001:db8::1]:3478\n"
	"turn-server 192.0.2.1 user:1 /etc/pilot-link/turn\n"
	"turn-server [2001:db8::1]:3479\tu  /t\n"
	"turn-server [2001:db8::2] u /t udp\n"
	"port-mapping no\n"
	"path-cost relay 250\n"
	"path-cost lan \t 0\n"
	"path-cost tls 65535\n"
	"path-dead 900\n"
	"\n"
	"agent pilot0\n"
	"\tidentity /etc/pilot-link/id-one\n"
	"\tnetwork 7\n"
	"\taddress 7:0007.F291.0004\n"
	"\tnetns blue\n"
	"\tmtu 1400\n"
	"agent pilot1\r\n"
	"  disabled yes\n"
	"peer @A\n"
	"  link pilot0\n"
	"  address 7:0007.0000.0009\n"
	"  endpoint [2001:db8::1]:7740\n"
	"  psk /etc/pilot-link/psk\n"
	"  name Ärger & Söhne\n"
	"  keepalive 25\n"
	"  silence 60\n"
	"  idle 300\n"
	"  watch 90\n"
	"  rx-packet-rate 1000\n"
	"  rx-byte-rate 5000000000\n"
	"  introducer yes\n"
	"  tls 192.0.2.7:8443\n"
	"  tls-name relay.example.org\n"
	"peer @B\n"
	"  link pilot1\n"
	"  disabled yes";

static void every_keyword_is_read(void **state)
{
	char error[CONFIG_ERROR_LEN], text[ENDPOINT_TEXT_LEN];
	struct config_peer *peer;
	struct config config;
	struct endpoint tls;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_FILE, whole, error), 0);
	assert_string_equal(error, "");
	assert_int_equal(config.port, 9000);
	assert_int_equal(config.lanes, 3);
	assert_int_equal(config.rekey_after, 60);
	assert_int_equal(config.stun_servers, 2);
	endpoint_format(&config.stun_server[0], text);
	assert_string_equal(text, "192.0.2.1:3478");
	endpoint_format(&config.stun_server[1], text);
	assert_string_equal(text, "[2001:db8::1]:3478");
	assert_int_equal(config.turn_servers, 3);
	endpoint_format(&config.turn_server[0].server, text);
	assert_string_equal(text, "192.0.2.1:3478");
	assert_string_equal(config.turn_server[0].user, "user:1");
	assert_string_equal(config.turn_server[0].password,
			    "/etc/pilot-link/turn");
	endpoint_format(&config.turn_server[1].server, text);
	assert_string_equal(text, "[2001:db8::1]:3479");
	assert_string_equal(config.turn_server[1].password, "/t");
	endpoint_format(&config.turn_server[2].server, text);
	assert_string_equal(text, "[2001:db8::2]:3478");
	assert_int_equal(config.turn_server[2].transport, TURN_UDP);
	assert_int_equal(config.port_mapping, 0);
	for (int i = 0; i < PATH_CLASSES; i++)
		assert_int_equal(config.path_cost[i],
				 i == PATH_CLASS_RELAY ? 250 :
				 i == PATH_CLASS_TLS ? 65535 : 0);
	assert_int_equal(config.path_dead, 900);
	assert_true(config.tls.enabled);
	endpoint_format(&config.tls.listen, text);
	assert_string_equal(text, "[2001:db8::9]:8443");
	assert_string_equal(config.tls.certificate, "/etc/pilot-link/cert.pem");
	assert_string_equal(config.tls.key, "/etc/pilot-link/key.pem");
	assert_int_equal(config.tls.clients, 300);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_true(config.introduce.enabled);
	assert_true(config.introduce.data);
	assert_int_equal(config.introduce.packet_rate, 2000);
	assert_int_equal(config.introduce.byte_rate, 3000000000000ULL);
	assert_int_equal(config.introduce.total_bytes, 9000000000000ULL);
	assert_int_equal(config.introduce.pairs, 40);
	assert_int_equal(config.introduce.lifetime, 50);
	assert_int_equal(config.agent_count, 2);
	assert_string_equal(config.agents[0].name, "pilot0");
	assert_string_equal(config.agents[0].identity,
			    "/etc/pilot-link/id-one");
	assert_int_equal(config.agents[0].network, 7);
	assert_int_equal(config.agents[0].address, addr_make(7, 0xf2910004));
	assert_string_equal(config.agents[0].netns, "blue");
	assert_int_equal(config.agents[0].mtu, 1400);
	assert_int_equal(config.agents[0].line, 28);
	assert_string_equal(config.agents[1].identity, CONFIG_IDENTITY);
	assert_int_equal(config.agents[1].network, CONFIG_NETWORK);
	assert_true(config.agents[1].disabled);
	assert_int_equal(config.peer_count, 2);
	peer = config_peer_find(&config, "pilot0", public_a);
	assert_non_null(peer);
	assert_int_equal(peer->address, addr_make(7, 9));
	endpoint_format(&peer->endpoint, text);
	assert_string_equal(text, "[2001:db8::1]:7740");
	assert_string_equal(peer->psk, "/etc/pilot-link/psk");
	assert_string_equal(peer->name, "Ärger & Söhne");
	assert_int_equal(peer->keepalive, 25);
	assert_int_equal(peer->silence, 60);
	assert_int_equal(peer->idle, 300);
	assert_int_equal(peer->watch, 90);
	assert_int_equal(peer->rx_packet_rate, 1000);
	assert_int_equal(peer->rx_byte_rate, 5000000000ULL);
	assert_true(peer->introducer);
	assert_true(config_peer_tls(peer, &tls));
	endpoint_format(&tls, text);
	assert_string_equal(text, "192.0.2.7:8443");
	assert_string_equal(peer->tls_name, "relay.example.org");
	assert_false(peer->disabled);
	assert_null(config_peer_find(&config, "pilot1", public_a));
	config_free(&config);
}

static void defaults_hold(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_FILE, "", error), 0);
	assert_empty(&config);
	assert_int_equal(parse(&config, CONFIG_FILE, "# nothing", error), 0);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config.rekey_after, CONFIG_REKEY_AFTER);
	assert_int_equal(config.stun_servers, 0);
	assert_int_equal(config.port_mapping, 1);
	for (int i = 0; i < PATH_CLASSES; i++)
		assert_int_equal(config.path_cost[i], 0);
	assert_int_equal(config.path_dead, 750);
	assert_int_equal(config.lanes, 0);
	assert_false(config.tls.enabled);
	assert_int_equal(config.tls.port, 443);
	assert_int_equal(config.tls.clients, CONFIG_TLS_CLIENTS);
	assert_false(config.introduce.enabled);
	assert_false(config.introduce.data);
	assert_int_equal(config.introduce.packet_rate, CONFIG_RELAY_PACKETS);
	assert_int_equal(config.introduce.byte_rate, CONFIG_RELAY_BYTES);
	assert_int_equal(config.introduce.total_bytes, 0);
	assert_int_equal(config.introduce.pairs, CONFIG_RELAY_CLIENTS);
	assert_int_equal(config.introduce.lifetime, CONFIG_RELAY_LIFETIME);
	assert_true(config_introduce_valid(&config.introduce));
	config_free(&config);
}

/* A session with who introduces us is kept up, also when nobody said so. */
static void an_introducer_is_kept_in_touch_with(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config_peer peer;

	(void)state;
	assert_int_equal(config_peer_init(&peer, did_a, error), 0);
	assert_int_equal(config_peer_keepalive(&peer), 0);
	assert_int_equal(config_peer_set(&peer, "introducer", "yes", error),
			 0);
	assert_int_equal(config_peer_keepalive(&peer), 25);
	assert_int_equal(config_peer_set(&peer, "keepalive", "7", error), 0);
	assert_int_equal(config_peer_keepalive(&peer), 7);
	assert_int_equal(config_peer_set(&peer, "introducer", "no", error), 0);
	assert_int_equal(config_peer_keepalive(&peer), 7);
	assert_int_equal(config_peer_set(&peer, "introducer", "1", error),
			 -EINVAL);
}

static void the_only_link_may_be_left_out(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_FILE, "peer @A\nagent p0\n",
			       error), 0);
	assert_string_equal(config.peers[0].link, "p0");
	config_free(&config);
	refuse("peer @A\nagent a\nagent b\n", 1, "link NAME");
	refuse("peer @A\n", 1, "link NAME");
	refuse_as(CONFIG_STATE, "agent a\npeer @A\n", 2, "link NAME");
}

static void the_network_follows_the_address(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_FILE,
			       "agent a\naddress 9:0009.0000.0009\n"
			       "agent b\nnetwork 8\naddress 8:0008.0000.0009\n"
			       "agent c\n", error), 0);
	assert_int_equal(config.agents[0].network, 9);
	assert_int_equal(config.agents[1].network, 8);
	assert_int_equal(config.agents[2].network, CONFIG_NETWORK);
	config_free(&config);
}

/* Its interface may come later: a daemon that starts early goes on. */
static void a_peer_stays_when_its_interface_is_missing(void **state)
{
	static const char text[] = "peer @A\nlink p0\n"
				   "endpoint [fe80::1%none9]:1\nkeepalive 5\n";
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_STATE, text, error), 0);
	assert_int_equal(config.peer_count, 1);
	assert_false(endpoint_is_set(&config.peers[0].endpoint));
	assert_int_equal(config.peers[0].keepalive, 5);
	config_free(&config);
}

static void silence_is_watched_unless_told_not_to(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config, again;
	size_t len;
	char *text;

	(void)state;
	config_init(&config);
	config_init(&again);
	assert_int_equal(parse(&config, CONFIG_STATE,
			       "peer @A\nlink a\npeer @B\nlink a\n"
			       "silence 0\n", error), 0);
	text = config_format(&config, &len);
	assert_int_equal(config_parse(&again, CONFIG_STATE, "t", text, len,
				      error), 0);
	assert_int_equal(config_peer_find(&again, "a", public_a)->silence,
			 CONFIG_SILENCE);
	assert_int_equal(config_peer_find(&again, "a", public_b)->silence, 0);
	free(text);
	config_free(&config);
	config_free(&again);
}

/* The kernel takes a peer for active whose idle time is set. */
static void idleness_is_set_when_it_is_another(void **state)
{
	struct config_peer a = { .idle = CONFIG_IDLE_UNSET }, b = a;

	(void)state;
	strcpy(b.name, "b");
	b.keepalive = 25;
	assert_false(config_peer_idle_differs(&a, &b, false));
	assert_false(config_peer_idle_differs(&a, &b, true));
	b.idle = CONFIG_IDLE;
	assert_false(config_peer_idle_differs(&a, &b, true));
	assert_true(config_peer_idle_differs(&a, &b, false));
	b.idle = CONFIG_IDLE + 1;
	assert_true(config_peer_idle_differs(&a, &b, true));
}

/* None said is not the same as none wanted. */
static void idleness_is_for_those_that_are_introduced(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config, again;
	struct config_peer *peer;
	size_t len;
	char *text;

	(void)state;
	config_init(&config);
	config_init(&again);
	assert_int_equal(parse(&config, CONFIG_STATE,
			       "peer @A\nlink a\nintroducer yes\n"
			       "peer @B\nlink a\nidle 0\nwatch always\n"
			       "peer @A\nlink b\nintroducer yes\n"
			       "disabled yes\n", error), 0);
	text = config_format(&config, &len);
	assert_int_equal(config_parse(&again, CONFIG_STATE, "t", text, len,
				      error), 0);
	free(text);
	config_free(&config);
	assert_true(config_introduced(&again, "a"));
	assert_false(config_introduced(&again, "b"));
	assert_false(config_introduced(&again, "c"));
	peer = config_peer_find(&again, "a", public_a);
	assert_int_equal(config_peer_idle(peer, true), CONFIG_IDLE);
	assert_int_equal(config_peer_idle(peer, false), 0);
	assert_int_equal(peer->watch, CONFIG_WATCH);
	peer->introducer = 0;
	assert_false(config_peer_persists(peer));
	peer->keepalive = 1;
	assert_true(config_peer_persists(peer));
	peer = config_peer_find(&again, "a", public_b);
	assert_int_equal(config_peer_idle(peer, true), 0);
	assert_int_equal(peer->watch, CONFIG_WATCH_ALWAYS);
	assert_true(config_peer_persists(peer));
	config_free(&again);
}

/* What another process sends may hold what text never does. */
static void foreign_structs_are_checked(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config_agent agent, a;
	struct config_peer peer, p;

	(void)state;
	assert_int_equal(config_agent_init(&agent, "p0", error), 0);
	assert_int_equal(config_peer_init(&peer, did_a, error), 0);
	assert_true(config_agent_valid(&agent));
	assert_true(config_peer_valid(&peer));
	a = agent;
	strcpy(a.identity, "/x\nagent evil");
	assert_false(config_agent_valid(&a));
	memset(a.identity, 'x', sizeof(a.identity));
	assert_false(config_agent_valid(&a));
	a = agent;
	strcpy(a.netns, "../x");
	assert_false(config_agent_valid(&a));
	a = agent;
	a.network = 65536;
	assert_false(config_agent_valid(&a));
	a = agent;
	a.address = addr_make(2, 99);
	assert_false(config_agent_valid(&a));
	a = agent;
	a.address = addr_make(1, 3);
	assert_false(config_agent_valid(&a));
	a = agent;
	a.mtu = 1;
	assert_false(config_agent_valid(&a));
	a = agent;
	a.disabled = 2;
	assert_false(config_agent_valid(&a));
	p = peer;
	strcpy(p.name, "x\npeer");
	assert_false(config_peer_valid(&p));
	p = peer;
	strcpy(p.psk, "psk");
	assert_false(config_peer_valid(&p));
	p = peer;
	memset(p.link, 'x', sizeof(p.link));
	assert_false(config_peer_valid(&p));
	p = peer;
	memset(p.public, 0, sizeof(p.public));
	assert_false(config_peer_valid(&p));
	p = peer;
	p.endpoint.family = AF_UNIX;
	assert_false(config_peer_valid(&p));
	p.endpoint.family = AF_INET;
	assert_false(config_peer_valid(&p));
	p.endpoint.port = 1;
	p.endpoint.in4.s_addr = htonl(0xc0000201);
	assert_true(config_peer_valid(&p));
	p.endpoint.kind = ENDPOINT_RELAY;
	p.endpoint.id = 1;
	assert_false(config_peer_valid(&p));
	p = peer;
	p.introducer = 2;
	assert_false(config_peer_valid(&p));
	p = peer;
	p.idle = CONFIG_SECONDS_MAX + 1;
	assert_false(config_peer_valid(&p));
	p = peer;
	p.watch = 0;
	assert_false(config_peer_valid(&p));
	p.watch = CONFIG_SECONDS_MAX + 1;
	assert_false(config_peer_valid(&p));
	p.watch = CONFIG_WATCH_ALWAYS;
	assert_true(config_peer_valid(&p));
}

static void a_state_may_name_the_links_of_the_file(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_STATE, "peer @A\nlink p0\n",
			       error), 0);
	assert_int_equal(config.peer_count, 1);
	config_free(&config);
	refuse("agent a\npeer @A\nlink p0\n", 2, "agent p0");
}

static void lanes_are_from_one_to_eight(void **state)
{
	char error[CONFIG_ERROR_LEN], text[] = "lanes 0\n";
	struct config config;

	(void)state;
	config_init(&config);
	for (int lanes = 0; lanes < 10; lanes++) {
		text[6] = '0' + lanes;
		assert_int_equal(parse(&config, CONFIG_FILE, text, error),
				 lanes && lanes <= 8 ? 0 : -EINVAL);
		assert_int_equal(config.lanes, lanes <= 8 ? lanes : 0);
	}
	config_free(&config);
}

static void refusals_say_where_and_what(void **state)
{
	(void)state;
	refuse("lisen 1\n", 1,
	       "listen, lanes, log-level, rekey-after, introduce, relay, ");
	refuse("colour red\n", 1, "tls-clients, stun-server, turn-server, port-mapping, path-cost, path-dead, agent or peer");
	refuse("introduce maybe\n", 1, "yes or no");
	refuse("introduce-tls 0\n", 1, "a port, or an address");
	refuse("introduce-tls 65536\n", 1, "a port, or an address");
	refuse("introduce-tls relay.example\n", 1, "a port, or an address");
	refuse("tls-certificate cert.pem\n", 1, "bad path");
	refuse("tls-key /a/../b\n", 1, "bad path");
	refuse("tls-key /b\n", 1, "\"tls-certificate\" is missing");
	refuse("tls-certificate /b\n", 1, "\"tls-key\" is missing");
	refuse("tls-clients 0\n", 1, "from 1 to 1024");
	refuse("tls-clients 1025\n", 1, "from 1 to 1024");
	refuse("agent a\npeer @A\ntls maybe\n", 3, "yes, no, 192.0.2.1:443");
	refuse("agent a\npeer @A\ntls 192.0.2.1\n", 3, "bad value");
	refuse("agent a\npeer @A\ntls-name a_b\n", 3, "bad name");
	refuse("agent a\npeer @A\ntls-name -a\n", 3, "bad name");
	refuse("introduce yes\nintroduce yes\n", 2, "twice");
	refuse("relay 1\n", 1, "yes or no");
	refuse("relay-packets 4294967296\n", 1, "4294967295");
	refuse("lanes 1\nrelay yes\nintroduce no\n", 2,
	       "\"introduce yes\" as well, or no \"relay\"");
	refuse("relay no\nrelay-clients 9\nrelay-bytes 1\nagent a\n", 2,
	       "or no \"relay-clients\"");
	refuse("relay-bytes -1\n", 1, "9223372036854775807");
	refuse("relay-total-bytes 1G\n", 1, "9223372036854775807");
	refuse("relay-total-bytes 9\nagent a\n", 1,
	       "or no \"relay-total-bytes\"");
	refuse("relay-clients 0\n", 1, "from 1 to 32768");
	refuse("relay-clients 32769\n", 1, "from 1 to 32768");
	refuse("relay-lifetime 1\n", 1, "from 2 to 86400");
	refuse("relay-lifetime 86401\n", 1, "from 2 to 86400");
	refuse("agent a\nintroduce yes\n", 2, "before the first block");
	refuse("agent a\npeer @A\nintroducer on\n", 3, "yes or no");
	refuse("agent a\nintroducer yes\n", 2, "agent's block");
	refuse("agent a\npeer @A\nlink a\nendpoint "
	       "relay:0x1@192.0.2.1:1\n", 4, "bad endpoint");
	refuse("\n\nlisten\n", 3, "no value");
	refuse("listen 0\n", 1, "1 to 65535");
	refuse("listen 65536\n", 1, "1 to 65535");
	refuse("listen -1\n", 1, "bad port");
	refuse("listen 1 2\n", 1, "bad port");
	refuse("listen 0x10\n", 1, "bad port");
	refuse("listen 99999999999999999999999\n", 1, "bad port");
	refuse("listen 1\nlisten 1\n", 2, "twice");
	refuse("agent a\nlisten 1\n", 2, "global");
	refuse("log-level loud\n", 1, "notice");
	refuse("lanes 0\n", 1, "1 to 8");
	refuse("lanes 9\n", 1, "1 to 8");
	refuse("lanes -1\n", 1, "bad number");
	refuse("lanes 257\n", 1, "bad number");
	refuse("lanes two\n", 1, "bad number \"two\"");
	refuse("lanes 2 2\n", 1, "bad number");
	refuse("lanes\n", 1, "no value");
	refuse("lanes 2\nlanes 2\n", 2, "twice");
	refuse("agent a\nlanes 2\n", 2, "global");
	refuse("rekey-after 9\n", 1, "10 to 3600");
	refuse("rekey-after 3601\n", 1, "10 to 3600");
	refuse("agent a\nrekey-after 60\n", 2, "global");
	refuse("stun-server stun.example.org:3478\n", 1, "bad STUN server");
	refuse("stun-server 192.0.2.1\n", 1, "expected an address such as");
	refuse("stun-server 192.0.2.1:1 192.0.2.2:1\n", 1, "bad STUN");
	refuse("stun-server 192.0.2.1:1\nstun-server 192.0.2.1:1\n", 2,
	       "twice");
	refuse("stun-server 192.0.2.1:1\nstun-server 192.0.2.1:2\n"
	       "stun-server 192.0.2.1:3\nstun-server 192.0.2.1:4\n"
	       "stun-server 192.0.2.1:5\n", 5, "up to 4");
	refuse("agent a\nstun-server 192.0.2.1:1\n", 2, "global");
	refuse("turn-server 192.0.2.1\n", 1, "bad TURN server");
	refuse("turn-server 192.0.2.1 u\n", 1, "a file with the password");
	refuse("turn-server 192.0.2.1 u /etc/t more\n", 1, "bad TURN");
	refuse("turn-server turn.example.org u /etc/t\n", 1, "bad TURN");
	refuse("turn-server relay:0x7@192.0.2.1:1 u /etc/t\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 u etc/t\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 u /etc/../t\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 \xc3\xbc /etc/t\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 u /a\n"
	       "turn-server 192.0.2.1:3478 v /b\n", 2, "twice");
	refuse("turn-server 192.0.2.1:443 u /a tcp\n"
	       "turn-server 192.0.2.1:443 u /a tls\n", 2, "twice");
	refuse("turn-server 192.0.2.1 u /a sctp\n", 1, "udp, tcp, or tls");
	refuse("turn-server 192.0.2.1 u /a tcp name\n", 1, "tls and a name");
	refuse("turn-server 192.0.2.1 u /a tls a_b\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 u /a tls a b\n", 1, "bad TURN");
	refuse("turn-server 192.0.2.1 u /a\nturn-server 192.0.2.2 u /a\n"
	       "turn-server 192.0.2.3 u /a\nturn-server 192.0.2.4 u /a\n"
	       "turn-server 192.0.2.5 u /a\n", 5, "up to 4");
	refuse("agent a\nturn-server 192.0.2.1 u /a\n", 2, "global");
	refuse("port-mapping maybe\n", 1, "yes or no");
	refuse("port-mapping yes\nport-mapping yes\n", 2, "twice");
	refuse("path-cost relay\n", 1, "bad path cost");
	refuse("path-cost 250\n", 1, "lan, ipv6, mapped, ipv4, relay, turn or tls");
	refuse("path-cost none 1\n", 1, "bad path cost");
	refuse("path-cost Relay 1\n", 1, "bad path cost");
	refuse("path-cost relay7 1\n", 1, "bad path cost");
	refuse("path-cost relay relay\n", 1, "bad path cost");
	refuse("path-cost relay -1\n", 1, "0 to 65535");
	refuse("path-cost relay 65536\n", 1, "0 to 65535");
	refuse("path-cost relay 0000000250\n", 1, "bad path cost");
	refuse("path-cost relay 250 260\n", 1, "bad path cost");
	refuse("path-cost relay 0\npath-cost tls 0\npath-cost relay 0\n", 3,
	       "the cost of relay is given twice");
	refuse("agent a\npath-cost relay 250\n", 2, "global");
	refuse("path-dead 299\n", 1, "milliseconds from 300 to 2500");
	refuse("path-dead 2501\n", 1, "milliseconds from 300 to 2500");
	refuse("path-dead 750ms\n", 1, "bad number");
	refuse("path-dead 750\npath-dead 750\n", 2, "twice");
	refuse("agent a\npath-dead 750\n", 2, "global");
	refuse("mtu 1400\n", 1, "unknown keyword");
	refuse("agent this-name-is-too-long\n", 1, "15 bytes");
	refuse("agent a/b\n", 1, "bad agent name");
	refuse("agent ..\n", 1, "bad agent name");
	refuse("agent a b\n", 1, "bad agent name");
	refuse("agent a\nagent a\n", 2, "already");
	refuse("agent a\ncolour red\n", 2, "identity, network");
	refuse("agent a\nendpoint 192.0.2.1:1\n", 2, "unknown keyword");
	refuse("agent a\nidentity /a b\n", 2, "extra words");
	refuse("agent a\nmtu 1400 1500\n", 2, "extra words");
	refuse("agent a\ndisabled yes\tno\n", 2, "extra words");
	refuse("agent a\nmtu 65456\n", 2, "65455");
	refuse("agent a\nidentity id\n", 2, "absolute");
	refuse("agent a\nidentity /a/../b\n", 2, "..");
	refuse("agent a\nidentity //b\n", 2, "absolute");
	refuse("agent a\nidentity /b/\n", 2, "absolute");
	refuse("agent a\nnetwork 65536\n", 2, "65535");
	refuse("agent a\naddress 1:0002.0000.0009\n", 2, "the same");
	refuse("agent a\naddress 1:0001.0000.0003\n", 2, "reserved");
	refuse("agent a\naddress 1:0001.FFFF.FFFF\n", 2, "reserved");
	refuse("agent a\nnetwork 1\naddress 2:0002.0000.0009\n", 1,
	       "of network 2");
	refuse("agent a\naddress 2:0002.0000.0009\nnetwork 1\n", 1,
	       "of network 2");
	refuse("agent a\nnetns a/b\n", 2, "ip netns");
	refuse("agent a\nnetns ..\n", 2, "ip netns");
	refuse("agent a\nmtu 1279\n", 2, "1280");
	refuse("agent a\nmtu 1400\nmtu 1400\n", 3, "twice");
	refuse("agent a\ndisabled true\n", 2, "yes or no");
	refuse("peer did:key:z6Mk\n", 1, "pilot-link id export");
	refuse("agent a\npeer @A\ncolour red\n", 3, "rx-byte-rate");
	refuse("agent a\npeer @A\nlink\n", 3, "no value");
	refuse("agent a\npeer @A\nlink a:b\n", 3, "bad link");
	refuse("agent a\npeer @A\naddress 2:0002.0000.0009\n", 2,
	       "of network 2");
	refuse("agent a\npeer @A\nendpoint example.org:1\n", 3,
	       "192.0.2.1:7740");
	refuse("agent a\npeer @A\nendpoint 192.0.2.1\n", 3, "bad endpoint");
	refuse_as(CONFIG_CHECK, "agent a\npeer @A\nendpoint [fe80::1%none9]:1\n",
		  3, "ip link");
	refuse("agent a\npeer @A\npsk ~/psk\n", 3, "absolute");
	refuse("agent a\npeer @A\nname \"x\"\n", 3, "bad name");
	refuse("agent a\npeer @A\nkeepalive 86401\n", 3, "86400");
	refuse("agent a\npeer @A\nsilence x\n", 3, "bad number");
	refuse("agent a\npeer @A\nidle 1.5\n", 3, "bad number");
	refuse("agent a\npeer @A\nwatch 0\n", 3, "from 1 to 86400, or always");
	refuse("agent a\npeer @A\nwatch 86401\n", 3, "or always");
	refuse("agent a\npeer @A\nwatch never\n", 3, "or always");
	refuse("agent a\npeer @A\nrx-packet-rate 4294967296\n", 3,
	       "4294967295");
	refuse("agent a\npeer @A\nrx-byte-rate 9223372036854775808\n", 3,
	       "9223372036854775807");
	refuse("agent a\npeer @A\npeer @A\n", 3, "line 2");
	refuse("agent a\nagent b\npeer @A\nlink a\npeer @A\nlink b\npeer @A\n"
	       "link a\n", 7, "line 3");
	refuse("# \xc3\x28\n", 1, "UTF-8");
	refuse("# \xed\xa0\x80\n", 1, "UTF-8");
	refuse("agent a\npeer @A\nname a\tb\n", 3, "bad name");
	refuse("agent a\npeer @A\nname \x1b[2J\n", 3, "bad name");
}

static void long_lines_and_bytes_of_zero_are_refused(void **state)
{
	char text[CONFIG_LINE_MAX + 3], error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	memset(text, '#', sizeof(text));
	assert_int_equal(config_parse(&config, CONFIG_FILE, "t", text,
				      CONFIG_LINE_MAX, error), 0);
	assert_int_equal(config_parse(&config, CONFIG_FILE, "t", text,
				      CONFIG_LINE_MAX + 1, error), -EINVAL);
	assert_non_null(strstr(error, "t:1: the line is too long"));
	assert_int_equal(config_parse(&config, CONFIG_FILE, "t", "a\0b", 3,
				      error), -EINVAL);
	assert_non_null(strstr(error, "UTF-8"));
	config_free(&config);
}

/* One bad line at the end, and nothing of the good ones stays. */
static void nothing_is_half_applied(void **state)
{
	char text[2048], error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(parse(&config, CONFIG_FILE, whole, error), 0);
	snprintf(text, sizeof(text), "%s\n  colour red\n", whole);
	assert_int_equal(parse(&config, CONFIG_FILE, text, error), -EINVAL);
	assert_empty(&config);
}

static void cut_anywhere_it_is_read_or_refused(void **state)
{
	char *full = with_dids(whole), *copy;
	char error[CONFIG_ERROR_LEN];
	size_t len = strlen(full), i;
	struct config config;
	int ret;

	(void)state;
	config_init(&config);
	for (i = 0; i <= len; i++) {
		/* Of its own size, so that reading past the end is seen. */
		copy = malloc(i ? i : 1);
		assert_non_null(copy);
		memcpy(copy, full, i);
		ret = config_parse(&config, CONFIG_FILE, "t", copy, i, error);
		if (ret) {
			assert_int_equal(ret, -EINVAL);
			assert_non_null(strstr(error, "expected"));
			assert_empty(&config);
		}
		config_free(&config);
		free(copy);
	}
	free(full);
}

static void what_is_written_reads_the_same(void **state)
{
	struct config first, second;
	char error[CONFIG_ERROR_LEN];
	size_t len, i;
	char *text;

	(void)state;
	config_init(&first);
	config_init(&second);
	assert_int_equal(parse(&first, CONFIG_FILE, whole, error), 0);
	text = config_format(&first, &len);
	assert_non_null(text);
	assert_int_equal(config_parse(&second, CONFIG_STATE, "t", text, len,
				      error), 0);
	assert_int_equal(first.agent_count, second.agent_count);
	assert_int_equal(first.peer_count, second.peer_count);
	for (i = 0; i < first.agent_count; i++)
		assert_true(config_agent_equal(&first.agents[i],
					       &second.agents[i]));
	for (i = 0; i < first.peer_count; i++)
		assert_true(config_peer_equal(&first.peers[i],
					      &second.peers[i]));
	free(text);
	config_free(&first);
	config_free(&second);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_keyword_is_read),
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(an_introducer_is_kept_in_touch_with),
		cmocka_unit_test(the_only_link_may_be_left_out),
		cmocka_unit_test(the_network_follows_the_address),
		cmocka_unit_test(a_peer_stays_when_its_interface_is_missing),
		cmocka_unit_test(silence_is_watched_unless_told_not_to),
		cmocka_unit_test(idleness_is_for_those_that_are_introduced),
		cmocka_unit_test(idleness_is_set_when_it_is_another),
		cmocka_unit_test(foreign_structs_are_checked),
		cmocka_unit_test(a_state_may_name_the_links_of_the_file),
		cmocka_unit_test(lanes_are_from_one_to_eight),
		cmocka_unit_test(refusals_say_where_and_what),
		cmocka_unit_test(long_lines_and_bytes_of_zero_are_refused),
		cmocka_unit_test(nothing_is_half_applied),
		cmocka_unit_test(cut_anywhere_it_is_read_or_refused),
		cmocka_unit_test(what_is_written_reads_the_same),
	};

	return cmocka_run_group_tests_name("pilotd_config", tests, make_dids,
					   NULL);
}