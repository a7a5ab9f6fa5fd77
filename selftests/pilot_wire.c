// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listens on a wire and says what passed.
 *
 *   pilot_wire INTERFACE [marker TEXT]... [frames FILE] [port PORT]
 *
 * Prints "ready", captures until SIGTERM, then prints one line of pairs:
 *
 *   packets N      all packets seen, either way
 *   udp N          UDP datagrams from or to PORT (default 7740)
 *   data N         data frames among them
 *   other N        IP packets that are neither these nor neighbour discovery
 *   markers N      packets that hold a marker anywhere
 *
 * With FILE every UDP payload is written to it as "SRC SPORT DST DPORT HEX".
 */

#define _GNU_SOURCE
#include "text.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARKERS_MAX	8

struct wire {
	const char *marker[MARKERS_MAX];
	int n_markers;
	uint16_t port;
	FILE *frames;
	unsigned long packets, udp, data, other, markers;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void udp_see(struct wire *wire, const char *src, const char *dst,
		    const uint8_t *at, size_t len)
{
	const struct udphdr *udp = (const void *)at;

	if (len < sizeof(*udp) || (ntohs(udp->source) != wire->port &&
				   ntohs(udp->dest) != wire->port)) {
		wire->other++;
		return;
	}
	wire->udp++;
	wire->data += len > sizeof(*udp) && at[sizeof(*udp)] == 0x94;
	if (!wire->frames)
		return;
	fprintf(wire->frames, "%s %u %s %u ", src, ntohs(udp->source), dst,
		ntohs(udp->dest));
	text_hex_print(wire->frames, at + sizeof(*udp), len - sizeof(*udp));
}

static void ip4_see(struct wire *wire, const uint8_t *at, size_t len)
{
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN];
	const struct iphdr *ip = (const void *)at;
	size_t skip;

	if (len < sizeof(*ip))
		return;
	skip = ip->ihl * 4;
	if (len > ntohs(ip->tot_len))
		len = ntohs(ip->tot_len);
	/* Later fragments have no ports; they count by their first. */
	if (ip->protocol == IPPROTO_UDP && ntohs(ip->frag_off) & 0x1fff)
		return;
	if (ip->protocol != IPPROTO_UDP || len < skip) {
		wire->other++;
		return;
	}
	inet_ntop(AF_INET, &ip->saddr, src, sizeof(src));
	inet_ntop(AF_INET, &ip->daddr, dst, sizeof(dst));
	udp_see(wire, src, dst, at + skip, len - skip);
}

static bool is_neighbour(uint8_t type)
{
	return (type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT) ||
	       type == 143 || type == 130 || type == 131;
}

static void ip6_see(struct wire *wire, const uint8_t *at, size_t len)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	const struct ip6_hdr *ip = (const void *)at;
	uint8_t next;

	if (len < sizeof(*ip) + 8)
		return;
	if (len > sizeof(*ip) + ntohs(ip->ip6_plen))
		len = sizeof(*ip) + ntohs(ip->ip6_plen);
	at += sizeof(*ip);
	len -= sizeof(*ip);
	next = ip->ip6_nxt;
	/* The reports of multicast listeners carry a hop-by-hop header. */
	if (next == IPPROTO_HOPOPTS || next == IPPROTO_FRAGMENT) {
		if (next == IPPROTO_FRAGMENT && (at[2] << 8 | at[3]) & 0xfff8)
			return;
		next = at[0];
		at += 8;
		len -= 8;
	}
	if (next == IPPROTO_ICMPV6 && len && is_neighbour(at[0]))
		return;
	if (next != IPPROTO_UDP) {
		wire->other++;
		return;
	}
	inet_ntop(AF_INET6, &ip->ip6_src, src, sizeof(src));
	inet_ntop(AF_INET6, &ip->ip6_dst, dst, sizeof(dst));
	udp_see(wire, src, dst, at, len);
}

static void packet_see(struct wire *wire, uint16_t protocol,
		       const uint8_t *at, size_t len)
{
	int i;

	wire->packets++;
	for (i = 0; i < wire->n_markers; i++) {
		if (!memmem(at, len, wire->marker[i], strlen(wire->marker[i])))
			continue;
		wire->markers++;
		break;
	}
	if (protocol == ETH_P_IP)
		ip4_see(wire, at, len);
	else if (protocol == ETH_P_IPV6)
		ip6_see(wire, at, len);
}

static int wire_open(const char *name)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int fd, room = 32 << 20;

	ll.sll_ifindex = if_nametoindex(name);
	if (!ll.sll_ifindex)
		err(2, "%s", name);
	fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd < 0)
		err(2, "packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (void *)&ll, sizeof(ll)))
		err(2, "%s", name);
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct wire wire = { .port = 7740 };
	struct tpacket_stats lost;
	socklen_t size = sizeof(lost);
	static uint8_t buf[70000];
	struct sockaddr_ll from;
	struct pollfd pfd;
	socklen_t len;
	ssize_t got;
	int i;

	if (argc < 2)
		errx(2, "an interface is missing");
	for (i = 2; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "marker") && wire.n_markers < MARKERS_MAX)
			wire.marker[wire.n_markers++] = argv[i + 1];
		else if (!strcmp(argv[i], "frames"))
			wire.frames = fopen(argv[i + 1], "w");
		else if (!strcmp(argv[i], "port"))
			wire.port = text_number(argv[i + 1]);
		else
			errx(2, "what is '%s'?", argv[i]);
	}
	sigaction(SIGTERM, &action, NULL);
	pfd.fd = wire_open(argv[1]);
	pfd.events = POLLIN;
	puts("ready");
	fflush(stdout);
	/* After the signal, what has been queued is still looked at. */
	while (poll(&pfd, 1, stop ? 0 : 200) > 0 || !stop) {
		len = sizeof(from);
		got = recvfrom(pfd.fd, buf, sizeof(buf), MSG_DONTWAIT,
			       (void *)&from, &len);
		if (got > 0)
			packet_see(&wire, ntohs(from.sll_protocol), buf, got);
	}
	if (wire.frames)
		fclose(wire.frames);
	getsockopt(pfd.fd, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
	printf("packets %lu udp %lu data %lu other %lu markers %lu lost %u\n",
	       wire.packets, wire.udp, wire.data, wire.other, wire.markers,
	       lost.tp_drops);
	return 0;
}
