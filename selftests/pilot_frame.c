// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes, opens and sends datagrams of the pilot wire format.
 *
 *   pilot_frame seal CIPHER KEY INDEX COUNTER [PLAINTEXT]...
 *        a data frame in hex, one per plaintext, counters going up
 *   pilot_frame open CIPHER KEY
 *        hex frames of standard input to "INDEX COUNTER PLAINTEXT"; "bad" for
 *        what does not verify; the transport checksum of a whole IPv6 packet is
 *        told as "csum good" or "csum bad"
 *   pilot_frame ping6 SOURCE DESTINATION
 *        an IPv6 echo request as hex
 *   pilot_frame udp6 SOURCE DESTINATION PORT PORT TCLASS TEXT
 *        an IPv6 UDP packet as hex
 *   pilot_frame short PACKET
 *        the IPv6 packet with the short header in place of its own
 *   pilot_frame flips [FROM TO]
 *        every variant of a hex line with one bit of bytes FROM to TO flipped
 *   pilot_frame cuts
 *        every shorter beginning of a hex line
 *   pilot_frame relay ID
 *        each hex line behind a relay header
 *   pilot_frame channel NUMBER [PADDING]
 *        each hex line in ChannelData, with so many bytes behind
 *   pilot_frame spoil SEED COUNT
 *        so many variants of a hex line with a few random bytes changed
 *   pilot_frame send IP PORT [from PORT] [wait MS] [tos N] [segment SIZE]
 *        sends the hex lines of standard input; "sent N answers N"; lines of
 *        SIZE bytes leave in one packet, with what follows them, as UDP GSO
 *   pilot_frame random IP PORT COUNT SEED [from PORT] [wait MS]
 *        sends random datagrams, most with a first byte that means something
 *   pilot_frame recv PORT COUNT TIMEOUT [6]
 *        "ready", then prints datagrams as "IP PORT TOS HEX"
 *
 * CIPHER is aes or chacha.  What a program of a test needs of the format is
 * written down here a second time, so that the module is not tested with itself.
 */

#define _GNU_SOURCE
#include "text.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sodium.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_HEADER	16
#define TAG		16
#define ROOM		70000

static bool is_aes(const char *cipher)
{
	if (strcmp(cipher, "aes"))
		return false;
	if (!crypto_aead_aes256gcm_is_available())
		errx(4, "this processor has no AES instructions");
	return true;
}

/* 4 zero bytes and the counter, in the byte order of the cipher. */
static void nonce_make(bool aes, uint64_t counter, uint8_t nonce[12])
{
	uint64_t wire = aes ? htobe64(counter) : htole64(counter);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, &wire, 8);
}

static size_t frame_seal(bool aes, const uint8_t *key, uint32_t index,
			 uint64_t counter, const uint8_t *plain, size_t len,
			 uint8_t *frame)
{
	uint32_t wire_index = htole32(index);
	uint64_t wire_counter = htole64(counter);
	unsigned long long sealed;
	uint8_t nonce[12];

	memset(frame, 0, FRAME_HEADER);
	frame[0] = 0x94;
	memcpy(frame + 4, &wire_index, 4);
	memcpy(frame + 8, &wire_counter, 8);
	nonce_make(aes, counter, nonce);
	if (aes)
		crypto_aead_aes256gcm_encrypt(frame + FRAME_HEADER, &sealed,
					      plain, len, NULL, 0, NULL, nonce,
					      key);
	else
		crypto_aead_chacha20poly1305_ietf_encrypt(frame + FRAME_HEADER,
							  &sealed, plain, len,
							  NULL, 0, NULL, nonce,
							  key);
	return FRAME_HEADER + sealed;
}

static void key_read(const char *text, uint8_t key[32])
{
	if (text_hex(text, key, 32) != 32)
		errx(2, "a key has 32 bytes");
}

static int do_seal(char **word, int n)
{
	static uint8_t plain[ROOM], frame[ROOM];
	bool aes = is_aes(word[0]);
	uint64_t counter = text_number(word[3]);
	uint8_t key[32];
	size_t len;
	int i;

	key_read(word[1], key);
	for (i = 4; i < n || i == 4; i++) {
		len = i < n ? text_hex(word[i], plain, sizeof(plain) - 64) : 0;
		len = frame_seal(aes, key, text_number(word[2]), counter++,
				 plain, len, frame);
		text_hex_print(stdout, frame, len);
	}
	return 0;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	return sum;
}

/* RFC 8200 section 8.1; 0xffff when the packet's checksum is right. */
static uint16_t packet_sum(const uint8_t *packet, size_t len)
{
	uint32_t sum = len - 40 + packet[6];

	sum = sum_add(sum, packet + 8, 32);
	sum = sum_add(sum, packet + 40, len - 40);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static int do_open(char **word, int n)
{
	static uint8_t frame[ROOM], plain[ROOM];
	static char line[2 * ROOM];
	bool aes = is_aes(word[0]);
	unsigned long long len;
	uint8_t key[32], nonce[12];
	uint64_t counter;
	uint32_t index;
	size_t got;
	int ret;

	(void)n;
	key_read(word[1], key);
	while (fgets(line, sizeof(line), stdin)) {
		got = text_hex(line, frame, sizeof(frame));
		if (got < FRAME_HEADER + TAG || frame[0] != 0x94) {
			puts("bad");
			continue;
		}
		memcpy(&index, frame + 4, 4);
		memcpy(&counter, frame + 8, 8);
		nonce_make(aes, le64toh(counter), nonce);
		ret = (aes ? crypto_aead_aes256gcm_decrypt :
			     crypto_aead_chacha20poly1305_ietf_decrypt)
			(plain, &len, NULL, frame + FRAME_HEADER,
			 got - FRAME_HEADER, NULL, 0, nonce, key);
		if (ret) {
			puts("bad");
			continue;
		}
		printf("%u %llu ", le32toh(index),
		       (unsigned long long)le64toh(counter));
		if (len >= 40 && plain[0] >> 4 == 6)
			printf("csum %s ", packet_sum(plain, len) == 0xffff ?
					   "good" : "bad");
		text_hex_print(stdout, plain, len);
	}
	return 0;
}

static int do_ping6(char **word, int n)
{
	uint8_t packet[56] = {};
	struct ip6_hdr *ip6 = (void *)packet;
	struct icmp6_hdr *icmp = (void *)(packet + 40);

	(void)n;
	ip6->ip6_flow = htonl(0x60000000);
	ip6->ip6_plen = htons(sizeof(packet) - 40);
	ip6->ip6_nxt = IPPROTO_ICMPV6;
	ip6->ip6_hlim = 64;
	if (inet_pton(AF_INET6, word[0], &ip6->ip6_src) != 1 ||
	    inet_pton(AF_INET6, word[1], &ip6->ip6_dst) != 1)
		errx(2, "not an IPv6 address");
	icmp->icmp6_type = ICMP6_ECHO_REQUEST;
	icmp->icmp6_id = htons(0x7069);
	icmp->icmp6_cksum = htons(~packet_sum(packet, sizeof(packet)) & 0xffff);
	text_hex_print(stdout, packet, sizeof(packet));
	return 0;
}

static int do_udp6(char **word, int n)
{
	uint8_t packet[1500] = {};
	struct ip6_hdr *ip6 = (void *)packet;
	struct udphdr *udp = (void *)(packet + 40);
	size_t len = 48 + strlen(word[5]);

	(void)n;
	if (len > sizeof(packet))
		errx(2, "too long");
	ip6->ip6_flow = htonl(0x60000000 | text_number(word[4]) << 20);
	ip6->ip6_plen = htons(len - 40);
	ip6->ip6_nxt = IPPROTO_UDP;
	ip6->ip6_hlim = 64;
	if (inet_pton(AF_INET6, word[0], &ip6->ip6_src) != 1 ||
	    inet_pton(AF_INET6, word[1], &ip6->ip6_dst) != 1)
		errx(2, "not an IPv6 address");
	udp->source = htons(text_number(word[2]));
	udp->dest = htons(text_number(word[3]));
	udp->len = ip6->ip6_plen;
	memcpy(packet + 48, word[5], len - 48);
	udp->check = htons(~packet_sum(packet, len) & 0xffff);
	text_hex_print(stdout, packet, len);
	return 0;
}

static int do_short(char **word, int n)
{
	static uint8_t packet[ROOM];
	size_t len = text_hex(word[0], packet, sizeof(packet));

	(void)n;
	if (len < 40)
		errx(2, "not an IPv6 packet");
	packet[32] = packet[0] & 0x0f;
	memcpy(packet + 33, packet + 1, 3);
	packet[36] = packet[6];
	packet[37] = packet[7];
	packet[38] = packet[39] = 0;
	text_hex_print(stdout, packet + 32, len - 32);
	return 0;
}

static int do_flips(char **word, int n)
{
	static uint8_t frame[ROOM];
	static char line[2 * ROOM];
	size_t len, from, to, i;
	int bit;

	while (fgets(line, sizeof(line), stdin)) {
		len = text_hex(line, frame, sizeof(frame));
		from = n > 0 ? text_number(word[0]) : 0;
		to = n > 1 ? text_number(word[1]) : len - 1;
		for (i = from; i <= to && i < len; i++) {
			for (bit = 0; bit < 8; bit++) {
				frame[i] ^= 1 << bit;
				text_hex_print(stdout, frame, len);
				frame[i] ^= 1 << bit;
			}
		}
	}
	return 0;
}

static int do_cuts(char **word, int n)
{
	static uint8_t frame[ROOM];
	static char line[2 * ROOM];
	size_t len, cut;

	(void)word;
	(void)n;
	while (fgets(line, sizeof(line), stdin)) {
		len = text_hex(line, frame, sizeof(frame));
		for (cut = 1; cut < len; cut++)
			text_hex_print(stdout, frame, cut);
	}
	return 0;
}

/* Lines that are printed behind a header, padded with zeros. */
static int lines_behind(const uint8_t *header, size_t front, bool channel,
			size_t pad)
{
	static uint8_t frame[ROOM];
	static char line[2 * ROOM];
	size_t len;

	while (fgets(line, sizeof(line), stdin)) {
		memcpy(frame, header, front);
		len = text_hex(line, frame + front, sizeof(frame) - front - 8);
		if (channel) {
			frame[2] = len >> 8;
			frame[3] = len;
		}
		memset(frame + front + len, 0, pad);
		text_hex_print(stdout, frame, front + len + pad);
	}
	return 0;
}

static int do_relay(char **word, int n)
{
	uint32_t id = htole32(text_number(word[0]));
	uint8_t header[8] = { 0x96 };

	(void)n;
	memcpy(header + 4, &id, sizeof(id));
	return lines_behind(header, sizeof(header), false, 0);
}

static int do_channel(char **word, int n)
{
	uint16_t number = text_number(word[0]);
	uint8_t header[4] = { number >> 8, number };

	return lines_behind(header, sizeof(header), true,
			    n > 1 ? text_number(word[1]) : 0);
}

static uint64_t random_state;

static uint32_t random_next(void)
{
	random_state = random_state * 6364136223846793005ULL +
		       1442695040888963407ULL;
	return random_state >> 32;
}

static int do_spoil(char **word, int n)
{
	static uint8_t frame[ROOM], spoilt[ROOM];
	unsigned long count = text_number(word[1]), i;
	static char line[2 * ROOM];
	size_t len, cut;

	(void)n;
	random_state = text_number(word[0]);
	while (fgets(line, sizeof(line), stdin)) {
		len = text_hex(line, frame, sizeof(frame));
		for (i = 0; len && i < count; i++) {
			memcpy(spoilt, frame, len);
			do {
				spoilt[random_next() % len] ^=
					1 + random_next() % 255;
			} while (random_next() % 2);
			cut = random_next() % 8 ? 0 : random_next() % len;
			text_hex_print(stdout, spoilt, len - cut);
		}
	}
	return 0;
}

static socklen_t address_parse(const char *ip, const char *port,
			       struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (void *)to;
	struct sockaddr_in *in = (void *)to;

	memset(to, 0, sizeof(*to));
	in->sin_port = htons(text_number(port));
	if (inet_pton(AF_INET, ip, &in->sin_addr) == 1) {
		to->ss_family = AF_INET;
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, ip, &in6->sin6_addr) != 1)
		errx(2, "'%s' is not an IP address", ip);
	to->ss_family = AF_INET6;
	return sizeof(*in6);
}

struct sender {
	int fd;
	int wait;
	int segment;
};

/* A socket to send from; the rest of the words say how. */
static struct sender sender_open(const char *ip, const char *port, char **word,
				 int n)
{
	struct sender sender = {};
	struct sockaddr_storage to, from = {};
	socklen_t len = address_parse(ip, port, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM, 0), i, on = 1;

	if (fd < 0)
		err(2, "socket");
	for (i = 0; i + 1 < n; i += 2) {
		if (!strcmp(word[i], "tos")) {
			on = text_number(word[i + 1]);
			if (to.ss_family == AF_INET)
				setsockopt(fd, IPPROTO_IP, IP_TOS, &on,
					   sizeof(on));
			else
				setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &on,
					   sizeof(on));
		} else if (!strcmp(word[i], "wait")) {
			sender.wait = text_number(word[i + 1]);
		} else if (!strcmp(word[i], "segment")) {
			sender.segment = text_number(word[i + 1]);
			if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT,
				       &sender.segment, sizeof(int)))
				err(2, "segment");
		} else if (!strcmp(word[i], "from")) {
			from.ss_family = to.ss_family;
			((struct sockaddr_in *)&from)->sin_port =
				htons(text_number(word[i + 1]));
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
				   sizeof(on));
			if (bind(fd, (void *)&from, len))
				err(2, "bind");
		} else {
			errx(2, "what is '%s'?", word[i]);
		}
	}
	/* Not connected, so that an answer from any port is seen. */
	sender.fd = fd;
	return sender;
}

static unsigned long answers_count(const struct sender *sender)
{
	struct pollfd pfd = { .fd = sender->fd, .events = POLLIN };
	unsigned long n = 0;
	char buf[2048];

	while (poll(&pfd, 1, sender->wait) > 0)
		if (recv(sender->fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
			n++;
		else if (errno != EAGAIN)
			n++;
	return n;
}

static void send_bytes(const struct sender *sender, const uint8_t *bytes,
		       size_t size, const struct sockaddr_storage *to,
		       socklen_t to_len)
{
	if (sendto(sender->fd, bytes, size, 0, (const void *)to, to_len) < 0)
		err(2, "sendto");
}

static int do_send(char **word, int n)
{
	static uint8_t frame[ROOM];
	static char line[2 * ROOM];
	struct sockaddr_storage to;
	size_t len, size = 0;
	struct sender sender;
	unsigned long sent = 0;
	socklen_t to_len;
	int on = 1;

	to_len = address_parse(word[0], word[1], &to);
	sender = sender_open(word[0], word[1], word + 2, n - 2);
	/* ICMP errors count as answers as well. */
	setsockopt(sender.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	while (fgets(line, sizeof(line), stdin)) {
		len = text_hex(line, frame + size, sizeof(frame) - size);
		size += len;
		sent++;
		if (sender.segment && len == (size_t)sender.segment)
			continue;
		send_bytes(&sender, frame, size, &to, to_len);
		size = 0;
	}
	if (size)
		send_bytes(&sender, frame, size, &to, to_len);
	printf("sent %lu answers %lu\n", sent, answers_count(&sender));
	return 0;
}

static size_t random_frame(uint8_t *frame)
{
	static const uint8_t types[] = { 0x00, 0x01, 0x03, 0x04, 0x40, 0x50,
		0x64, 0x90, 0x91, 0x92, 0x93, 0x94, 0x94, 0x94, 0x95, 0x96 };
	size_t len = random_next() % 16 ? random_next() % 200 :
					  random_next() % 1400, i;

	for (i = 0; i < len; i += 4) {
		uint32_t r = random_next();

		memcpy(frame + i, &r, 4);
	}
	if (random_next() % 8)
		frame[0] = types[random_next() % sizeof(types)];
	/* Past the first check, and to small indexes that may well exist. */
	if (random_next() % 4)
		memset(frame + 1, 0, 3);
	if (random_next() % 2)
		memset(frame + 5, 0, 3);
	/* Behind a carrier, half the time, what may be there. */
	if (random_next() % 2) {
		i = frame[0] == 0x96 ? 8 : 4;
		memset(frame + i, 0, 4);
		frame[i] = types[random_next() % sizeof(types)];
	}
	return len;
}

static int do_random(char **word, int n)
{
	static uint8_t frame[2048];
	unsigned long count = text_number(word[2]), i;
	struct sockaddr_storage to;
	struct sender sender;
	socklen_t len;

	random_state = text_number(word[3]);
	len = address_parse(word[0], word[1], &to);
	sender = sender_open(word[0], word[1], word + 4, n - 4);
	for (i = 0; i < count; i++)
		if (sendto(sender.fd, frame, random_frame(frame), 0, (void *)&to,
			   len) < 0 && errno != ENOBUFS)
			err(2, "sendto");
	printf("sent %lu answers %lu\n", count, answers_count(&sender));
	return 0;
}

static int recv_open(const char *port, bool six)
{
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0), on = 1;
	struct sockaddr_storage at;
	socklen_t len = address_parse(six ? "::" : "0.0.0.0", port, &at);

	if (fd < 0)
		err(2, "socket");
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	if (bind(fd, (void *)&at, len))
		err(2, "port %s", port);
	return fd;
}

static int control_tos(struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_type == IP_TOS || c->cmsg_type == IPV6_TCLASS)
			return *CMSG_DATA(c);
	return -1;
}

static int do_recv(char **word, int n)
{
	int fd = recv_open(word[0], n > 3), wait = text_number(word[2]) * 1000;
	unsigned long count = text_number(word[1]);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static uint8_t frame[ROOM];
	struct sockaddr_storage from;
	char control[256], ip[INET6_ADDRSTRLEN];
	ssize_t len;

	puts("ready");
	fflush(stdout);
	while (count) {
		struct iovec iov = { frame, sizeof(frame) };
		struct msghdr msg = { &from, sizeof(from), &iov, 1, control,
				      sizeof(control), 0 };

		if (poll(&pfd, 1, wait) <= 0)
			return 1;
		len = recvmsg(fd, &msg, 0);
		if (len < 0)
			continue;
		inet_ntop(from.ss_family, from.ss_family == AF_INET ?
			  (void *)&((struct sockaddr_in *)&from)->sin_addr :
			  (void *)&((struct sockaddr_in6 *)&from)->sin6_addr,
			  ip, sizeof(ip));
		printf("%s %u %d ", ip,
		       ntohs(((struct sockaddr_in *)&from)->sin_port),
		       control_tos(&msg));
		text_hex_print(stdout, frame, len);
		fflush(stdout);
		count--;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(char **word, int n);
		int least;
	} verbs[] = {
		{ "seal", do_seal, 4 }, { "open", do_open, 2 },
		{ "ping6", do_ping6, 2 }, { "udp6", do_udp6, 6 },
		{ "short", do_short, 1 },
		{ "flips", do_flips, 0 }, { "cuts", do_cuts, 0 },
		{ "relay", do_relay, 1 }, { "channel", do_channel, 1 },
		{ "spoil", do_spoil, 2 },
		{ "send", do_send, 2 }, { "random", do_random, 4 },
		{ "recv", do_recv, 3 },
	};
	size_t i;

	if (sodium_init() < 0)
		errx(2, "libsodium does not start");
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].verb)) {
			if (argc - 2 < verbs[i].least)
				errx(2, "%s: words are missing", argv[1]);
			return verbs[i].run(argv + 2, argc - 2);
		}
	errx(2, "unknown verb '%s'", argc > 1 ? argv[1] : "");
}
