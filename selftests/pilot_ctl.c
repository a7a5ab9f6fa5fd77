// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drives the pilot device's kernel interface with no helper.
 *
 *   pilot_ctl [-n NETNS] [-f N] VERB ...
 *                                  one request; with -f the Nth allocation that it
 *                                  takes fails, and "fault" or "no fault" says
 *                                  whether there were as many
 *   pilot_ctl [-n NETNS] -b        one request per line of standard input; ends
 *                                  at the first that is refused
 *
 *   dev-get [DEV]
 *   dev-set DEV [address A] [socket4 PID:FD|-1] [socket6 PID:FD|-1] [lane N]
 *   peer-new|peer-set DEV A [endpoint IP PORT [relay ID|turn CHANNEL] [scope N]]
 *            [forget] [flags N] [keepalive S] [silence S] [idle S] [packet-rate N] [byte-rate N]
 *   peer-get DEV [A]
 *   peer-del DEV A
 *   key-new DEV A epoch N slot current|next cipher aes|chacha rx-index N
 *           tx-index N rx-key HEX tx-key HEX [soft-packets N] [hard-packets N]
 *           [soft-age S] [hard-age S] [lane N] [port P]
 *   key-get|key-swap|key-del DEV A epoch N [lane N]
 *   relay-new DEV ID from A to A next ID seconds S [flags N] [packet-rate N]
 *            [byte-rate N] [bytes N] [replace]
 *   relay-get DEV [ID]
 *   relay-del DEV ID
 *   raw CMD [TOKEN]...         any attributes: "TYPE{" and "}" make a nest,
 *                              u8:TYPE=N u16 u32 u64 s32 be16 hex:TYPE=HEX if:TYPE=DEV
 *   events [until TYPE] [count N] [timeout S]
 *                              "ready", then a line per event; fails in the end
 *                              when what was asked for did not come in time
 *   dump peers|relays DEV SECONDS
 *   dump devices SECONDS       dumps them again and again
 *   link-new DEV address A     a device made with an address, as ip cannot do it
 *   hold FAMILY:PORT[:KIND]... "ready", then UDP sockets as descriptors 10, 11,
 *                              ... are held until killed; see hold.h
 *
 * A device may be DEV@NETNS: then the request is made in that namespace.
 * A refusal prints "ERRNO: text of the kernel" and exits with status 1.
 */

#define _GNU_SOURCE
#include "hold.h"
#include "netlink.h"
#include "rtlink.h"
#include "show.h"
#include "text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/pilot.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX	64

struct words {
	int n, at;
	char *word[WORDS_MAX];
};

static struct nl nl;
static bool nl_is_open;
static char netns[64];
static unsigned int fault;

static const char *word_next(struct words *words, const char *what)
{
	if (words->at == words->n)
		errx(2, "%s is missing", what);
	return words->word[words->at++];
}

static bool word_is(struct words *words, const char *name)
{
	if (words->at == words->n || strcmp(words->word[words->at], name))
		return false;
	words->at++;
	return true;
}

static uint64_t word_number(struct words *words, const char *what)
{
	return text_number(word_next(words, what));
}

static void netns_enter(const char *name)
{
	char path[256];
	int fd;

	if (!strcmp(name, netns))
		return;
	snprintf(netns, sizeof(netns), "%s", name);
	if (nl_is_open)
		nl_close(&nl);
	nl_is_open = false;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

static void netlink_open(void)
{
	int ret;

	if (nl_is_open)
		return;
	ret = nl_open(&nl);
	if (ret)
		errx(2, "the pilot family: %s", strerror(-ret));
	nl_is_open = true;
}

/* The name of a device, after @NETNS has been entered. */
static const char *device_name(char *word)
{
	char *at = strchr(word, '@');

	if (at) {
		*at = '\0';
		netns_enter(at + 1);
	}
	netlink_open();
	return word;
}

static uint32_t device_index(struct words *words)
{
	const char *name;
	uint32_t index;

	if (words->at == words->n)
		errx(2, "a device is missing");
	name = device_name(words->word[words->at++]);
	index = if_nametoindex(name);
	return index ?: text_number(name);
}

static int answer_show(const struct nlmsghdr *nlh, void *arg)
{
	(void)arg;
	show_message(nlh);
	return MNL_CB_OK;
}

static int request_end(const struct nl *used, int ret)
{
	if (fault)
		puts(used->faulted ? "fault" : "no fault");
	fflush(stdout);
	if (ret)
		fprintf(stderr, "%s: %s\n", strerrorname_np(-ret),
			used->extack);
	return !!ret;
}

static int request_send(struct nlmsghdr *nlh)
{
	int ret;

	nl.fault = fault;
	ret = nl_talk(&nl, nlh, answer_show, NULL);
	return request_end(&nl, ret);
}

/* A copy of descriptor FD of process PID, by the word PID:FD. */
static int word_fd(struct words *words)
{
	const char *word = word_next(words, "PID:FD");
	int pid, fd, pidfd;

	if (sscanf(word, "%d:%d", &pid, &fd) != 2)
		return strtol(word, NULL, 0);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		err(2, "process %d", pid);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (fd < 0)
		err(2, "descriptor of process %d", pid);
	close(pidfd);
	return fd;
}

static int do_dev_get(struct words *words)
{
	char buf[256];
	struct nlmsghdr *nlh;
	bool all = words->at == words->n;
	uint32_t index = all ? 0 : device_index(words);

	netlink_open();
	nlh = nl_request(&nl, buf, PILOT_CMD_DEV_GET, all ? NLM_F_DUMP : 0);
	if (!all)
		mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
	return request_send(nlh);
}

static int do_dev_set(struct words *words)
{
	uint32_t index = device_index(words);
	int fds[2] = { -1, -1 }, ret;
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[256];

	nlh = nl_request(&nl, buf, PILOT_CMD_DEV_SET, 0);
	mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
	nest = mnl_attr_nest_start(nlh, PILOT_A_DEV);
	while (words->at < words->n) {
		if (word_is(words, "address")) {
			mnl_attr_put_u64(nlh, PILOT_A_DEV_ADDRESS,
					 word_number(words, "address"));
		} else if (word_is(words, "socket4")) {
			fds[0] = word_fd(words);
			nl_put_s32(nlh, PILOT_A_DEV_SOCKET4_FD, fds[0]);
		} else if (word_is(words, "socket6")) {
			fds[1] = word_fd(words);
			nl_put_s32(nlh, PILOT_A_DEV_SOCKET6_FD, fds[1]);
		} else if (word_is(words, "lane")) {
			mnl_attr_put_u8(nlh, PILOT_A_DEV_LANE,
					word_number(words, "lane"));
		} else {
			errx(2, "what is '%s'?", words->word[words->at]);
		}
	}
	mnl_attr_nest_end(nlh, nest);
	ret = request_send(nlh);
	/* Or the copies would keep the sockets alive. */
	if (fds[0] > 2)
		close(fds[0]);
	if (fds[1] > 2)
		close(fds[1]);
	return ret;
}

static void put_endpoint(struct words *words, struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PILOT_A_PEER_ENDPOINT);
	const char *ip = word_next(words, "address");
	uint16_t port = word_number(words, "port");
	uint8_t kind = PILOT_ENDPOINT_DIRECT;
	struct in6_addr ip6;
	struct in_addr ip4;

	if (word_is(words, "relay"))
		kind = PILOT_ENDPOINT_RELAY;
	else if (word_is(words, "turn"))
		kind = PILOT_ENDPOINT_TURN;
	mnl_attr_put_u8(nlh, PILOT_A_ENDPOINT_KIND, kind);
	if (kind != PILOT_ENDPOINT_DIRECT)
		mnl_attr_put_u32(nlh, PILOT_A_ENDPOINT_ID,
				 word_number(words, "id"));
	if (inet_pton(AF_INET, ip, &ip4) == 1)
		mnl_attr_put(nlh, PILOT_A_ENDPOINT_REMOTE_IP4, 4, &ip4);
	else if (inet_pton(AF_INET6, ip, &ip6) == 1)
		mnl_attr_put(nlh, PILOT_A_ENDPOINT_REMOTE_IP6, 16, &ip6);
	else
		errx(2, "'%s' is not an IP address", ip);
	mnl_attr_put_u16(nlh, PILOT_A_ENDPOINT_REMOTE_PORT, htons(port));
	if (word_is(words, "scope"))
		mnl_attr_put_u32(nlh, PILOT_A_ENDPOINT_SCOPE_ID,
				 word_number(words, "scope"));
	mnl_attr_nest_end(nlh, nest);
}

static const struct number_word {
	const char *name;
	uint8_t width;
	uint16_t type;
} peer_words[] = {
	{ "flags", 4, PILOT_A_PEER_FLAGS },
	{ "keepalive", 4, PILOT_A_PEER_KEEPALIVE },
	{ "silence", 4, PILOT_A_PEER_SILENCE_TIMEOUT },
	{ "idle", 4, PILOT_A_PEER_IDLE_TIMEOUT },
	{ "packet-rate", 4, PILOT_A_PEER_RX_PACKET_RATE },
	{ "byte-rate", 8, PILOT_A_PEER_RX_BYTE_RATE },
}, key_words[] = {
	{ "lane", 1, PILOT_A_KEY_LANE },
	{ "epoch", 4, PILOT_A_KEY_EPOCH },
	{ "rx-index", 4, PILOT_A_KEY_RX_INDEX },
	{ "tx-index", 4, PILOT_A_KEY_TX_INDEX },
	{ "soft-packets", 8, PILOT_A_KEY_SOFT_PACKETS },
	{ "hard-packets", 8, PILOT_A_KEY_HARD_PACKETS },
	{ "soft-age", 4, PILOT_A_KEY_SOFT_AGE },
	{ "hard-age", 4, PILOT_A_KEY_HARD_AGE },
}, relay_words[] = {
	{ "from", 8, PILOT_A_RELAY_FROM },
	{ "to", 8, PILOT_A_RELAY_TO },
	{ "next", 4, PILOT_A_RELAY_NEXT_ID },
	{ "flags", 4, PILOT_A_RELAY_FLAGS },
	{ "packet-rate", 4, PILOT_A_RELAY_PACKET_RATE },
	{ "byte-rate", 8, PILOT_A_RELAY_BYTE_RATE },
	{ "bytes", 8, PILOT_A_RELAY_BYTES },
	{ "seconds", 4, PILOT_A_RELAY_SECONDS },
};

#define PUT_WORD(words, nlh, table) \
	put_word(words, nlh, table, sizeof(table) / sizeof((table)[0]))

static void put_number(struct nlmsghdr *nlh, uint8_t width, uint16_t type,
		       uint64_t value)
{
	if (width == 1)
		mnl_attr_put_u8(nlh, type, value);
	else if (width == 2)
		mnl_attr_put_u16(nlh, type, value);
	else if (width == 4)
		mnl_attr_put_u32(nlh, type, value);
	else
		mnl_attr_put_u64(nlh, type, value);
}

static bool put_word(struct words *words, struct nlmsghdr *nlh,
		     const struct number_word *table, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!word_is(words, table[i].name))
			continue;
		put_number(nlh, table[i].width, table[i].type,
			   word_number(words, table[i].name));
		return true;
	}
	return false;
}

static int do_peer(struct words *words, uint8_t cmd)
{
	uint32_t index = device_index(words);
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[1024];
	bool dump = cmd == PILOT_CMD_PEER_GET && words->at == words->n;

	nlh = nl_request(&nl, buf, cmd, dump ? NLM_F_DUMP : 0);
	mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
	if (dump)
		return request_send(nlh);
	nest = mnl_attr_nest_start(nlh, PILOT_A_PEER);
	mnl_attr_put_u64(nlh, PILOT_A_PEER_ADDRESS,
			 word_number(words, "address"));
	while (words->at < words->n) {
		if (word_is(words, "endpoint"))
			put_endpoint(words, nlh);
		else if (word_is(words, "forget"))
			mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh,
						PILOT_A_PEER_ENDPOINT));
		else if (!PUT_WORD(words, nlh, peer_words))
			errx(2, "what is '%s'?", words->word[words->at]);
	}
	mnl_attr_nest_end(nlh, nest);
	return request_send(nlh);
}

static void put_key_bytes(struct words *words, struct nlmsghdr *nlh,
			  uint16_t type)
{
	uint8_t key[64];
	size_t len = text_hex(word_next(words, "key"), key, sizeof(key));

	mnl_attr_put(nlh, type, len, key);
}

static int do_key(struct words *words, uint8_t cmd)
{
	uint32_t index = device_index(words);
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buf[1024];
	int i;

	nlh = nl_request(&nl, buf, cmd, 0);
	mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
	nest = mnl_attr_nest_start(nlh, PILOT_A_PEER);
	mnl_attr_put_u64(nlh, PILOT_A_PEER_ADDRESS,
			 word_number(words, "address"));
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, PILOT_A_KEY);
	for (i = words->at; i < words->n && strcmp(words->word[i], "lane"); i++)
		;
	if (i == words->n)
		mnl_attr_put_u8(nlh, PILOT_A_KEY_LANE, 0);
	while (words->at < words->n) {
		if (word_is(words, "slot"))
			mnl_attr_put_u8(nlh, PILOT_A_KEY_SLOT,
					!strcmp(word_next(words, "slot"),
						"next"));
		else if (word_is(words, "cipher"))
			mnl_attr_put_u8(nlh, PILOT_A_KEY_CIPHER,
					strcmp(word_next(words, "cipher"),
					       "aes") ? 2 : 1);
		else if (word_is(words, "rx-key"))
			put_key_bytes(words, nlh, PILOT_A_KEY_RX_KEY);
		else if (word_is(words, "tx-key"))
			put_key_bytes(words, nlh, PILOT_A_KEY_TX_KEY);
		else if (word_is(words, "port"))
			mnl_attr_put_u16(nlh, PILOT_A_KEY_PORT,
					 htons(word_number(words, "port")));
		else if (!PUT_WORD(words, nlh, key_words))
			errx(2, "what is '%s'?", words->word[words->at]);
	}
	mnl_attr_nest_end(nlh, nest);
	return request_send(nlh);
}

static int do_relay(struct words *words, uint8_t cmd)
{
	uint32_t index = device_index(words);
	bool dump = cmd == PILOT_CMD_RELAY_GET && words->at == words->n;
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[512];

	nlh = nl_request(&nl, buf, cmd, dump ? NLM_F_DUMP : 0);
	mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
	if (dump)
		return request_send(nlh);
	nest = mnl_attr_nest_start(nlh, PILOT_A_RELAY);
	mnl_attr_put_u32(nlh, PILOT_A_RELAY_ID, word_number(words, "id"));
	while (words->at < words->n) {
		if (word_is(words, "replace"))
			nlh->nlmsg_flags |= NLM_F_REPLACE;
		else if (!PUT_WORD(words, nlh, relay_words))
			errx(2, "what is '%s'?", words->word[words->at]);
	}
	mnl_attr_nest_end(nlh, nest);
	return request_send(nlh);
}

static void put_token(struct nlmsghdr *nlh, char *token)
{
	char *colon = strchr(token, ':'), *equal = strchr(token, '=');
	uint8_t bytes[512];
	uint16_t type;

	if (!colon || !equal)
		errx(2, "'%s' is not KIND:TYPE=VALUE", token);
	*colon = *equal = '\0';
	type = text_number(colon + 1);
	if (!strcmp(token, "if"))
		mnl_attr_put_u32(nlh, type, if_nametoindex(equal + 1));
	else if (!strcmp(token, "hex"))
		mnl_attr_put(nlh, type,
			     text_hex(equal + 1, bytes, sizeof(bytes)), bytes);
	else if (!strcmp(token, "s32"))
		nl_put_s32(nlh, type, strtol(equal + 1, NULL, 0));
	else if (!strcmp(token, "be16"))
		mnl_attr_put_u16(nlh, type, htons(text_number(equal + 1)));
	else
		put_number(nlh, text_number(token + 1) / 8, type,
			   text_number(equal + 1));
}

static int do_raw(struct words *words)
{
	struct nlattr *nests[8];
	struct nlmsghdr *nlh;
	char buf[4096], *word;
	int depth = 0;

	netlink_open();
	nlh = nl_request(&nl, buf, word_number(words, "command"), 0);
	if (word_is(words, "dump"))
		nlh->nlmsg_flags |= NLM_F_DUMP;
	while (words->at < words->n) {
		word = words->word[words->at++];
		if (!strcmp(word, "}"))
			mnl_attr_nest_end(nlh, nests[--depth]);
		else if (word[strlen(word) - 1] == '{')
			nests[depth++] =
				mnl_attr_nest_start(nlh, strtoul(word, NULL, 0));
		else
			put_token(nlh, word);
	}
	return request_send(nlh);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Take the events of one datagram. Return: how many were asked for. */
static int events_take(int until)
{
	static char buf[NL_ROOM];
	struct nlmsghdr *nlh;
	int len, n = 0, type;

	len = mnl_socket_recvfrom(nl.sock, buf, sizeof(buf));
	if (len < 0)
		err(2, "events");
	for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		type = show_message(nlh);
		n += type && (!until || type == until);
	}
	return n;
}

static int do_events(struct words *words)
{
	int64_t deadline = INT64_MAX, left;
	int until = 0, count = -1;
	struct pollfd pfd;

	netlink_open();
	while (words->at < words->n) {
		if (word_is(words, "until")) {
			until = show_event_type(word_next(words, "type"));
			count = count < 0 ? 1 : count;
		} else if (word_is(words, "count")) {
			count = word_number(words, "count");
		} else if (word_is(words, "timeout")) {
			deadline = now_ms() +
				   word_number(words, "timeout") * 1000;
		} else {
			errx(2, "what is '%s'?", words->word[words->at]);
		}
	}
	if (until < 0)
		errx(2, "no such event");
	if (mnl_socket_setsockopt(nl.sock, NETLINK_ADD_MEMBERSHIP, &nl.group,
				  sizeof(nl.group)))
		err(2, "events");
	puts("ready");
	fflush(stdout);
	pfd.fd = mnl_socket_get_fd(nl.sock);
	pfd.events = POLLIN;
	while (count) {
		left = deadline == INT64_MAX ? -1 : deadline - now_ms();
		if (deadline != INT64_MAX && left <= 0)
			return count > 0;
		if (poll(&pfd, 1, left) > 0) {
			int n = events_take(until);

			count = count < 0 ? count : n < count ? count - n : 0;
		}
	}
	return 0;
}

/* What a dump is of. */
static const char *dump_what(struct words *words, uint8_t *cmd)
{
	const char *what = word_next(words, "peers, relays or devices");

	if (!strcmp(what, "peers"))
		*cmd = PILOT_CMD_PEER_GET;
	else if (!strcmp(what, "relays"))
		*cmd = PILOT_CMD_RELAY_GET;
	else if (!strcmp(what, "devices"))
		*cmd = PILOT_CMD_DEV_GET;
	else
		errx(2, "'%s' is not peers, relays or devices", what);
	return what;
}

static int answer_count(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(unsigned int *)arg;
	return MNL_CB_OK;
}

static int do_dump(struct words *words)
{
	uint8_t cmd;
	const char *what = dump_what(words, &cmd);
	uint32_t index = cmd != PILOT_CMD_DEV_GET ? device_index(words) : 0;
	int64_t end = now_ms() + word_number(words, "seconds") * 1000;
	unsigned int dumps = 0, shown = 0;
	struct nlmsghdr *nlh;
	char buf[256];
	int ret = 0;

	netlink_open();
	while (now_ms() < end) {
		nlh = nl_request(&nl, buf, cmd, NLM_F_DUMP);
		if (index)
			mnl_attr_put_u32(nlh, PILOT_A_IFINDEX, index);
		ret = nl_talk(&nl, nlh, answer_count, &shown);
		if (ret && ret != -EINTR)
			break;
		dumps++;
	}
	printf("dumps %u %s %u end %s\n", dumps, what, shown,
	       ret && ret != -EINTR ? strerrorname_np(-ret) : "well");
	return 0;
}

static int do_link_new(struct words *words)
{
	const char *name = word_next(words, "device");
	struct nl route;
	uint64_t address;
	int ret;

	if (!word_is(words, "address"))
		errx(2, "an address is missing");
	address = word_number(words, "address");
	if (nl_open_bus(&route, NETLINK_ROUTE))
		err(2, "rtnetlink");
	route.fault = fault;
	ret = rtlink_new(&route, name, &address, sizeof(address));
	ret = request_end(&route, ret);
	nl_close(&route);
	return ret;
}

static int run(struct words *words)
{
	static const struct {
		const char *verb;
		int (*run)(struct words *words, uint8_t cmd);
		uint8_t cmd;
	} verbs[] = {
		{ "peer-new", do_peer, PILOT_CMD_PEER_NEW },
		{ "peer-set", do_peer, PILOT_CMD_PEER_SET },
		{ "peer-get", do_peer, PILOT_CMD_PEER_GET },
		{ "peer-del", do_peer, PILOT_CMD_PEER_DEL },
		{ "key-new", do_key, PILOT_CMD_KEY_NEW },
		{ "key-get", do_key, PILOT_CMD_KEY_GET },
		{ "key-swap", do_key, PILOT_CMD_KEY_SWAP },
		{ "key-del", do_key, PILOT_CMD_KEY_DEL },
		{ "relay-new", do_relay, PILOT_CMD_RELAY_NEW },
		{ "relay-get", do_relay, PILOT_CMD_RELAY_GET },
		{ "relay-del", do_relay, PILOT_CMD_RELAY_DEL },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (word_is(words, verbs[i].verb))
			return verbs[i].run(words, verbs[i].cmd);
	if (word_is(words, "dev-get"))
		return do_dev_get(words);
	if (word_is(words, "dev-set"))
		return do_dev_set(words);
	if (word_is(words, "raw"))
		return do_raw(words);
	if (word_is(words, "events"))
		return do_events(words);
	if (word_is(words, "dump"))
		return do_dump(words);
	if (word_is(words, "link-new"))
		return do_link_new(words);
	if (word_is(words, "hold"))
		return hold(words->word + words->at, words->n - words->at);
	errx(2, "unknown verb '%s'", words->n ? words->word[0] : "");
}

static int run_batch(void)
{
	char line[4096], *save;
	int ret = 0;

	while (!ret && fgets(line, sizeof(line), stdin)) {
		struct words words = {};
		char *word;

		for (word = strtok_r(line, " \t\n", &save);
		     word && words.n < WORDS_MAX;
		     word = strtok_r(NULL, " \t\n", &save))
			words.word[words.n++] = word;
		if (words.n)
			ret = run(&words);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct words words = {};

	argv++;
	argc--;
	if (argc > 1 && !strcmp(argv[0], "-n")) {
		netns_enter(argv[1]);
		argv += 2;
		argc -= 2;
	}
	if (argc > 1 && !strcmp(argv[0], "-f")) {
		fault = text_number(argv[1]);
		argv += 2;
		argc -= 2;
	}
	if (argc == 1 && !strcmp(argv[0], "-b"))
		return run_batch();
	for (; argc && words.n < WORDS_MAX; argc--, argv++)
		words.word[words.n++] = *argv;
	return run(&words);
}
