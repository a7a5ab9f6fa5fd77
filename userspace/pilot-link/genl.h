/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PILOT_LINK_GENL_H
#define PILOT_LINK_GENL_H

#include <libmnl/libmnl.h>
#include <stdint.h>

/* As large as the largest message the kernel builds for a dump. */
#define GENL_BUFFER_SIZE	32768
#define GENL_REQUEST_SIZE	1024
#define GENL_TEXT_LEN		256

/* A netlink socket, of generic netlink (genl_open) or rtnl (rtnl_open). */
struct genl {
	struct mnl_socket *nl;
	uint16_t family;
	uint32_t events_group;
	uint32_t sequence;
	char text[GENL_TEXT_LEN];	/* the kernel's words for the last error */
};

/* Called for each message that answers; returns 0 or -errno to stop. */
typedef int (*genl_callback)(const struct nlmsghdr *message, void *context);
/* Called before a dump starts over: forget what was gathered. */
typedef void (*genl_restart)(void *context);

int genl_open(struct genl *genl);
int genl_open_bus(struct genl *genl, int bus);
void genl_close(struct genl *genl);
struct nlmsghdr *genl_start(const struct genl *genl, char *buffer, uint8_t command);
int genl_request(struct genl *genl, struct nlmsghdr *request,
		 genl_callback callback, void *context);
int genl_dump(struct genl *genl, struct nlmsghdr *request,
	      genl_callback callback, genl_restart restart, void *context);
int genl_subscribe(struct genl *genl);
int genl_receive(struct genl *genl, genl_callback callback, void *context);
int genl_fail(const struct genl *genl, int error, const char *what);
int genl_error_parse(const struct nlmsghdr *message, char *text, size_t size);

#endif /* PILOT_LINK_GENL_H */
