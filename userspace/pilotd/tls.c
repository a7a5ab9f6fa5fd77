// SPDX-License-Identifier: GPL-2.0-or-later

#include "tls.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>

#include "error.h"

#define PRIORITY	"NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define PRIORITY_OLDER	PRIORITY ":+VERS-TLS1.2"
/* One that nobody looks at, made anew at each start. */
#define LIFETIME_S	(10LL * 365 * 86400)

struct tls_credentials {
	gnutls_certificate_credentials_t gnutls;
	gnutls_priority_t priority;
};

struct tls {
	int fd;
	gnutls_session_t session;	/* NULL: no TLS */
	int error;			/* of gnutls, or of the socket, the last */
	size_t sending;			/* of a write that was not taken yet */
};

static int credentials_new(struct tls_credentials **made,
			   const char *priority)
{
	struct tls_credentials *credentials = calloc(1, sizeof(*credentials));

	if (!credentials)
		return -ENOMEM;
	if (gnutls_priority_init(&credentials->priority, priority, NULL) ||
	    gnutls_certificate_allocate_credentials(&credentials->gnutls)) {
		tls_credentials_free(credentials);
		return -ENOMEM;
	}
	*made = credentials;
	return 0;
}

void tls_credentials_free(struct tls_credentials *credentials)
{
	if (!credentials)
		return;
	if (credentials->gnutls)
		gnutls_certificate_free_credentials(credentials->gnutls);
	if (credentials->priority)
		gnutls_priority_deinit(credentials->priority);
	free(credentials);
}

int tls_client_credentials(struct tls_credentials **credentials, bool older)
{
	return credentials_new(credentials, older ? PRIORITY_OLDER : PRIORITY);
}

static int certificate_sign(gnutls_x509_crt_t certificate,
			    gnutls_x509_privkey_t key)
{
	static const char name[] = "localhost";
	uint8_t serial[16];
	time_t now = time(NULL);
	int ret;

	randombytes_buf(serial, sizeof(serial));
	serial[0] &= 0x7f;
	ret = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
			GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (!ret)
		ret = gnutls_x509_crt_set_version(certificate, 3);
	if (!ret)
		ret = gnutls_x509_crt_set_serial(certificate, serial,
						 sizeof(serial));
	if (!ret)
		ret = gnutls_x509_crt_set_activation_time(certificate,
							  now - 86400);
	if (!ret)
		ret = gnutls_x509_crt_set_expiration_time(certificate,
							  now + LIFETIME_S);
	if (!ret)
		ret = gnutls_x509_crt_set_dn_by_oid(certificate,
				GNUTLS_OID_X520_COMMON_NAME, 0, name,
				sizeof(name) - 1);
	if (!ret)
		ret = gnutls_x509_crt_set_key(certificate, key);
	if (!ret)
		ret = gnutls_x509_crt_sign2(certificate, certificate, key,
					    GNUTLS_DIG_SHA256, 0);
	return ret;
}

static int certificate_make(struct tls_credentials *credentials)
{
	gnutls_x509_crt_t certificate = NULL;
	gnutls_x509_privkey_t key = NULL;
	int ret;

	ret = gnutls_x509_privkey_init(&key);
	if (!ret)
		ret = gnutls_x509_crt_init(&certificate);
	if (!ret)
		ret = certificate_sign(certificate, key);
	if (!ret)
		ret = gnutls_certificate_set_x509_key(credentials->gnutls,
						      &certificate, 1, key);
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return ret;
}

int tls_server_credentials(struct tls_credentials **credentials,
			   const char *certificate, const char *key, char *err,
			   size_t err_size)
{
	int ret = credentials_new(credentials, PRIORITY);

	if (ret)
		return error_set(err, err_size, -ret, "out of memory");
	ret = *certificate ?
	      gnutls_certificate_set_x509_key_file((*credentials)->gnutls,
						   certificate, key,
						   GNUTLS_X509_FMT_PEM) :
	      certificate_make(*credentials);
	if (ret >= 0)
		return 0;
	tls_credentials_free(*credentials);
	*credentials = NULL;
	if (!*certificate)
		return error_set(err, err_size, EIO,
				 "cannot make a certificate: %s",
				 gnutls_strerror(ret));
	return error_set(err, err_size, EINVAL,
			 "cannot use the certificate %s with the key %s: %s; give a chain and its key in PEM",
			 certificate, key, gnutls_strerror(ret));
}

int tls_new(struct tls **made, struct tls_credentials *credentials, int fd,
	    bool server, const char *name)
{
	unsigned int flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
			     GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			     GNUTLS_NO_TICKETS;
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return -ENOMEM;
	tls->fd = fd;
	if (!credentials) {
		*made = tls;
		return 0;
	}
	if (gnutls_init(&tls->session, flags)) {
		free(tls);
		return -ENOMEM;
	}
	if (gnutls_priority_set(tls->session, credentials->priority) ||
	    gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
				   credentials->gnutls))
		goto fail;
	if (server)
		gnutls_certificate_server_set_request(tls->session,
						      GNUTLS_CERT_IGNORE);
	else if (*name && gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS,
						 name, strlen(name)))
		goto fail;
	/* The caller's timer bounds it. */
	gnutls_handshake_set_timeout(tls->session,
				     GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_int(tls->session, fd);
	*made = tls;
	return 0;
fail:
	gnutls_deinit(tls->session);
	free(tls);
	return -ENOMEM;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->session) {
		if (!tls->error && !tls->sending)
			gnutls_bye(tls->session, GNUTLS_SHUT_WR);
		gnutls_deinit(tls->session);
	}
	free(tls);
}

static bool is_again(int ret)
{
	return ret < 0 && !gnutls_error_is_fatal(ret);
}

static int tls_fail(struct tls *tls, int ret)
{
	tls->error = ret;
	return ret == GNUTLS_E_PUSH_ERROR || ret == GNUTLS_E_PULL_ERROR ||
	       ret == GNUTLS_E_PREMATURE_TERMINATION ? -EPIPE : -EPROTO;
}

/* What the socket says, where there is no TLS. */
static ssize_t plain_result(struct tls *tls, ssize_t ret)
{
	if (ret >= 0)
		return ret;
	if (errno == EAGAIN || errno == EINTR)
		return -EAGAIN;
	tls->error = errno;
	return -EPIPE;
}

int tls_handshake(struct tls *tls)
{
	int ret;

	/* Whoever finds the socket ready has the connection. */
	if (!tls->session)
		return 0;
	ret = gnutls_handshake(tls->session);
	if (!ret)
		return 0;
	return is_again(ret) ? -EAGAIN : tls_fail(tls, ret);
}

ssize_t tls_read(struct tls *tls, void *buf, size_t len)
{
	ssize_t ret;

	if (!tls->session)
		return plain_result(tls, recv(tls->fd, buf, len, MSG_DONTWAIT));
	ret = gnutls_record_recv(tls->session, buf, len);
	if (ret >= 0)
		return ret;
	return is_again(ret) ? -EAGAIN : tls_fail(tls, ret);
}

ssize_t tls_write(struct tls *tls, const void *buf, size_t len)
{
	ssize_t ret;

	if (len > TLS_RECORD)
		len = TLS_RECORD;
	if (!tls->session)
		return plain_result(tls, send(tls->fd, buf, len, MSG_DONTWAIT |
					      MSG_NOSIGNAL));
	/* gnutls has the bytes of one that was not taken. */
	ret = tls->sending ? gnutls_record_send(tls->session, NULL, 0) :
			     gnutls_record_send(tls->session, buf, len);
	if (ret >= 0) {
		tls->sending = 0;
		return ret;
	}
	if (!is_again(ret))
		return tls_fail(tls, ret);
	if (!tls->sending)
		tls->sending = len;
	return -EAGAIN;
}

bool tls_wants_write(const struct tls *tls)
{
	return tls->session && gnutls_record_get_direction(tls->session);
}

const char *tls_error(const struct tls *tls)
{
	if (!tls->error)
		return "it was ended";
	return tls->session ? gnutls_strerror(tls->error) :
			      strerror(tls->error);
}
