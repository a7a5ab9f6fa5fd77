/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pilotd.conf and state.conf: text in, struct out, and back. Nothing here
 * opens a file, so that the same code checks a file, a runtime change and
 * fuzzed bytes.
 */
#ifndef PILOTD_CONFIG_H
#define PILOTD_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge_message.h"
#include "endpoint.h"
#include "identity.h"
#include "introducer.h"
#include "log.h"
#include "path.h"
#include "stun.h"
#include "turn_pool.h"
#include "wire.h"

#define CONFIG_PORT		7740
#define CONFIG_LANES_AUTO_MAX	4	/* as many as CPUs, but no more */
#define CONFIG_NETWORK		1
#define CONFIG_IDENTITY		"/etc/pilot-link/identity"
#define CONFIG_PATH_LEN		256
#define CONFIG_NETNS_LEN	64
#define CONFIG_NAME_LEN		64
#define CONFIG_LINE_MAX		1024
#define CONFIG_SIZE_MAX		(64 << 20)
#define CONFIG_AGENTS_MAX	4096
#define CONFIG_PEERS_MAX	200000
#define CONFIG_MTU_MIN		1280
#define CONFIG_MTU_MAX		65455	/* the kernel's */
#define CONFIG_SECONDS_MAX	86400	/* the kernel's */
#define CONFIG_SILENCE		15	/* seconds */
#define CONFIG_REKEY_AFTER	120	/* seconds */
#define CONFIG_REKEY_AFTER_MIN	10
#define CONFIG_REKEY_AFTER_MAX	3600
#define CONFIG_STUN_SERVERS_MAX	STUN_SERVERS_MAX
#define CONFIG_INTRODUCER_KEEPALIVE	25	/* seconds */
#define CONFIG_IDLE		10	/* seconds, of peers we are introduced to */
#define CONFIG_IDLE_UNSET	UINT32_MAX	/* that, or none */
#define CONFIG_WATCH		60	/* seconds */
#define CONFIG_WATCH_ALWAYS	PATH_WATCH_ALWAYS
#define CONFIG_RELAY_PACKETS	10000	/* per second and direction */
#define CONFIG_RELAY_BYTES	12500000
#define CONFIG_RELAY_CLIENTS	256
#define CONFIG_RELAY_LIFETIME	300	/* seconds */
#define CONFIG_RELAY_LIFETIME_MIN	2
#define CONFIG_PATH_DEAD	750	/* milliseconds */
#define CONFIG_PATH_DEAD_MIN	300	/* ten pings a second */
#define CONFIG_PATH_DEAD_MAX	2500	/* as without traffic */
#define CONFIG_TLS_PORT		443
#define CONFIG_TLS_CLIENTS	256
#define CONFIG_ERROR_LEN	512

/* The password stays in its file until the worker is told. */
struct config_turn {
	struct endpoint server;
	uint32_t transport;		/* enum turn_transport */
	char name[TURN_NAME_LEN];	/* for TLS; "": none */
	char user[TURN_USER_LEN];
	char password[CONFIG_PATH_LEN];	/* the file */
};

/* Whether an introducer is tried by TLS where UDP is not answered. */
enum config_tls {
	CONFIG_TLS_YES,			/* at its endpoint's address, or tls_at */
	CONFIG_TLS_NO,
};

struct config_agent {
	char name[IFNAMSIZ];
	char identity[CONFIG_PATH_LEN];
	char netns[CONFIG_NETNS_LEN];	/* "": pilotd's own */
	uint64_t address;		/* 0: derived from the identity */
	uint32_t mtu;			/* 0: the device's default */
	uint32_t network;
	uint32_t disabled;
	/* What follows is not part of the comparison. */
	uint32_t network_given;		/* else it follows the address */
	uint32_t line;
};

struct config_peer {
	uint8_t public[IDENTITY_KEY_LEN];
	char link[IFNAMSIZ];
	char psk[CONFIG_PATH_LEN];
	char name[CONFIG_NAME_LEN];
	struct endpoint endpoint;
	uint64_t address;		/* 0: derived from the identity */
	uint64_t rx_byte_rate;
	uint32_t rx_packet_rate;
	uint32_t keepalive;
	uint32_t silence;
	uint32_t idle;			/* or CONFIG_IDLE_UNSET */
	uint32_t watch;			/* or CONFIG_WATCH_ALWAYS */
	uint32_t introducer;		/* it introduces us to others */
	uint32_t tls;			/* enum config_tls */
	struct endpoint tls_at;		/* TCP; unset: see config_peer_tls() */
	char tls_name[CONFIG_NAME_LEN];	/* said to the server; "": none */
	uint32_t disabled;
	/* What follows is not part of the comparison. */
	uint32_t line;
	uint32_t chain;			/* config.c's own */
};

/*
 * Peers are also found by their key, so cost does not grow with their
 * number: only the functions below add and remove them.
 */
struct config {
	uint16_t port;
	uint8_t lanes;			/* 0: as many as there are CPUs */
	enum log_level log_level;
	uint32_t rekey_after;		/* seconds */
	struct endpoint stun_server[CONFIG_STUN_SERVERS_MAX];
	uint32_t stun_servers;
	struct config_turn turn_server[TURN_SERVERS_MAX];
	uint32_t turn_servers;
	uint32_t port_mapping;
	uint16_t path_cost[PATH_CLASSES];
	uint32_t path_costs;		/* bits: of which classes it is given */
	uint32_t path_dead;		/* milliseconds */
	struct introducer_config introduce;	/* what we do for our peers */
	struct bridge_serving tls;		/* the same, by TLS */
	struct config_agent *agents;
	size_t agent_count;
	size_t agent_room;
	struct config_peer *peers;
	size_t peer_count;
	size_t peer_room;
	uint32_t *peer_heads;		/* peer_room chains */
};

enum config_kind {
	CONFIG_FILE,		/* every link a peer names has a block */
	CONFIG_STATE,		/* links may be those of the file */
	/*
	 * As a file. Both kinds above keep a peer whose endpoint's interface
	 * is missing, without the endpoint, and log it: it may come later.
	 */
	CONFIG_CHECK,
};

void config_init(struct config *config);
void config_free(struct config *config);

/*
 * On success @config, which was initialised, has the contents; on any error
 * it is empty and @error reads "FILE:LINE: message; expected ...".
 * Return: 0, -EINVAL, -ENOMEM.
 */
int config_parse(struct config *config, enum config_kind kind,
		 const char *file, const char *text, size_t len,
		 char error[static CONFIG_ERROR_LEN]);

/* The text config_parse() takes; the caller frees it. NULL: no memory. */
char *config_format(const struct config *config, size_t *len);

/*
 * One keyword of a block, with the value as text. Return: 0, -ENOENT for an
 * unknown keyword, -ENODEV for an endpoint whose interface is missing,
 * -EINVAL; @error says what was expected.
 */
int config_agent_set(struct config_agent *agent, const char *keyword,
		     const char *value, char error[static CONFIG_ERROR_LEN]);
int config_peer_set(struct config_peer *peer, const char *keyword,
		    const char *value, char error[static CONFIG_ERROR_LEN]);

/* Those in front of the first block, in the same way; no -ENODEV. */
bool config_is_global(const char *keyword, bool *repeats);
int config_global_set(struct config *config, const char *keyword,
		      const char *value, char error[static CONFIG_ERROR_LEN]);

/* Defaults of a new block. Return: 0, or -EINVAL for a bad name or did. */
int config_agent_init(struct config_agent *agent, const char *name,
		      char error[static CONFIG_ERROR_LEN]);
int config_peer_init(struct config_peer *peer, const char *did,
		     char error[static CONFIG_ERROR_LEN]);

/*
 * For a struct that comes from elsewhere: nothing in it that text could not
 * have set, so that writing it and reading it back gives the same.
 */
bool config_agent_valid(const struct config_agent *agent);
bool config_peer_valid(const struct config_peer *peer);
bool config_introduce_valid(const struct introducer_config *introduce);

bool config_agent_equal(const struct config_agent *a,
			const struct config_agent *b);
bool config_peer_equal(const struct config_peer *a,
		       const struct config_peer *b);

bool config_introduce_equal(const struct introducer_config *a,
			    const struct introducer_config *b);

/* What is in force: an introducer has to find us at any time. */
static inline uint32_t config_peer_keepalive(const struct config_peer *peer)
{
	return !peer->keepalive && peer->introducer ?
	       CONFIG_INTRODUCER_KEEPALIVE : peer->keepalive;
}

/* The kernel's; @introduced: the agent has introducers. */
static inline uint32_t config_peer_idle(const struct config_peer *peer,
					bool introduced)
{
	if (peer->idle != CONFIG_IDLE_UNSET)
		return peer->idle;
	return introduced ? CONFIG_IDLE : 0;
}

/* Is it idle after another time, @b instead of @a? */
static inline bool config_peer_idle_differs(const struct config_peer *a,
					    const struct config_peer *b,
					    bool introduced)
{
	return config_peer_idle(a, introduced) !=
	       config_peer_idle(b, introduced);
}

/* Is a session to be there though nobody talks? */
static inline bool config_peer_persists(const struct config_peer *peer)
{
	return config_peer_keepalive(peer) ||
	       peer->watch == CONFIG_WATCH_ALWAYS;
}

/* Has the agent a peer that introduces it to others? */
bool config_introduced(const struct config *config, const char *link);

/* Where the peer is tried by TLS. Return: false when it is not. */
bool config_peer_tls(const struct config_peer *peer, struct endpoint *at);

/* Whether there is an introducer for such a connection. */
bool config_has_introducer(const struct config *config,
			   const struct bridge_open *open);
/* The same of these TURN servers. */
bool config_has_turn(const struct config_turn *turn, unsigned int count,
		     const struct bridge_open *open);

struct config_agent *config_agent_find(const struct config *config,
				       const char *name);
struct config_peer *config_peer_find(const struct config *config,
				     const char *link,
				     const uint8_t public[static 32]);
/*
 * Append, or replace what has the same name. Either may move the array.
 * Return: 0, -ENOMEM, -ENOSPC.
 */
int config_agent_append(struct config *config,
			const struct config_agent *agent);
int config_peer_append(struct config *config, const struct config_peer *peer);
int config_agent_put(struct config *config, const struct config_agent *agent);
int config_peer_put(struct config *config, const struct config_peer *peer);
/* The last one takes the place of the removed one. */
void config_agent_remove(struct config *config, struct config_agent *agent);
void config_peer_remove(struct config *config, struct config_peer *peer);

/* A name a network device may have. */
bool config_ifname_valid(const char *name);
/* A namespace below /run/netns. */
bool config_netns_valid(const char *name);

#endif /* PILOTD_CONFIG_H */
