/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS on a connected TCP socket that never blocks, or the socket as it is: 1.3,
 * or 1.2 where a client says so.
 * TLS is a coat: what goes through it is sealed and authenticated already, so
 * that no certificate is asked for, and none that is shown is checked.
 */
#ifndef PILOTD_TLS_H
#define PILOTD_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TLS_RECORD	16384		/* bytes of one, at most */

struct tls_credentials;
struct tls;

/*
 * @certificate, @key: files in PEM, or "" for one that is made now, in memory,
 * and signed by itself. Return: 0, or -errno with a text in @err.
 */
int tls_server_credentials(struct tls_credentials **credentials,
			   const char *certificate, const char *key, char *err,
			   size_t err_size);
/* @older: TLS 1.2 will do, too. */
int tls_client_credentials(struct tls_credentials **credentials, bool older);
void tls_credentials_free(struct tls_credentials *credentials);

/*
 * @credentials: NULL for no TLS. @name: for a client, what it says it wants to
 * talk to; "": nothing. @fd stays the caller's. Return: 0 or -ENOMEM.
 */
int tls_new(struct tls **tls, struct tls_credentials *credentials, int fd,
	    bool server, const char *name);
/* Says goodbye if that can be done at once. */
void tls_free(struct tls *tls);

/* Return: 0 when it is done; -EAGAIN, see tls_wants_write(); -EPROTO. */
int tls_handshake(struct tls *tls);
/*
 * @len: TLS_RECORD or more, so that nothing stays behind that the socket does
 * not tell of. Return: the length; 0 at the end; -EAGAIN, -EPROTO, -EPIPE.
 */
ssize_t tls_read(struct tls *tls, void *buf, size_t len);
/*
 * Return: how many of the first bytes are gone; -EAGAIN, after which the same
 * bytes must be given again; -EPIPE.
 */
ssize_t tls_write(struct tls *tls, const void *buf, size_t len);
/* What was -EAGAIN last waits for room in the socket, not for bytes. */
bool tls_wants_write(const struct tls *tls);
/* Why the last call failed. */
const char *tls_error(const struct tls *tls);

#endif /* PILOTD_TLS_H */
