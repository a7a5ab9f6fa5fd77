// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "identity.h"

/*
 * The file, every line ended by a newline and nothing beside:
 *	pilot-link identity 1
 *	did did:key:z6Mk...
 *	seed <64 hex digits>
 */
#define IDENTITY_HEADER		"pilot-link identity 1\n"
#define IDENTITY_FILE_MAX	4096

int identity_from_seed(const uint8_t seed[static IDENTITY_SEED_LEN],
		       struct identity *id)
{
	if (crypto_sign_seed_keypair(id->public, id->secret, seed) ||
	    crypto_sign_ed25519_sk_to_curve25519(id->x25519_secret,
						 id->secret) ||
	    did_to_x25519(id->public, id->x25519_public)) {
		identity_wipe(id);
		return -EINVAL;
	}
	return 0;
}

int identity_generate(struct identity *id)
{
	uint8_t seed[IDENTITY_SEED_LEN];
	int ret;

	randombytes_buf(seed, sizeof(seed));
	ret = identity_from_seed(seed, id);
	sodium_memzero(seed, sizeof(seed));
	return ret;
}

void identity_wipe(struct identity *id)
{
	sodium_memzero(id, sizeof(*id));
}

/* Takes @text off the front of what is left. */
static int identity_take(const char **pos, size_t *left, const char *text)
{
	size_t len = strlen(text);

	if (*left < len || memcmp(*pos, text, len))
		return -EINVAL;
	*pos += len;
	*left -= len;
	return 0;
}

static int identity_take_seed(const char **pos, size_t *left,
			      uint8_t seed[static IDENTITY_SEED_LEN])
{
	size_t len = 2 * IDENTITY_SEED_LEN, got;

	if (*left < len ||
	    sodium_hex2bin(seed, IDENTITY_SEED_LEN, *pos, len, NULL, &got,
			   NULL) || got != IDENTITY_SEED_LEN)
		return -EINVAL;
	*pos += len;
	*left -= len;
	return 0;
}

int identity_parse(const char *bytes, size_t len, struct identity *id,
		   char *err, size_t err_size)
{
	uint8_t seed[IDENTITY_SEED_LEN];
	char did[DID_TEXT_LEN];
	const char *named = NULL;
	int ret;

	if (identity_take(&bytes, &len, IDENTITY_HEADER))
		return error_set(err, err_size, EINVAL,
				 "not an identity file: its first line is not "
				 "\"pilot-link identity 1\"");
	if (!identity_take(&bytes, &len, "did ") && len >= sizeof(did)) {
		named = bytes;
		bytes = memchr(named, '\n', sizeof(did));
	}
	if (!named || !bytes)
		return error_set(err, err_size, EINVAL,
				 "damaged identity file: the line \"did\" is "
				 "wrong; restore it from a backup");
	len -= bytes - named;
	ret = identity_take(&bytes, &len, "\nseed ");
	if (!ret)
		ret = identity_take_seed(&bytes, &len, seed);
	if (!ret)
		ret = identity_take(&bytes, &len, "\n");
	if (ret || len) {
		ret = error_set(err, err_size, EINVAL,
				"damaged identity file: the line \"seed\" is "
				"wrong; restore it from a backup");
		goto out;
	}
	ret = identity_from_seed(seed, id);
	if (!ret) {
		did_format(id->public, did);
		if (strncmp(named, did, strlen(did)) ||
		    named[strlen(did)] != '\n') {
			identity_wipe(id);
			ret = -EINVAL;
		}
	}
	if (ret)
		error_set(err, err_size, EINVAL,
			  "damaged identity file: did and seed do not belong "
			  "together; restore it from a backup");
out:
	sodium_memzero(seed, sizeof(seed));
	return ret;
}

static int identity_check_file(int fd, const char *path, char *err,
			       size_t err_size)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(err, err_size, errno, "%s: %s", path,
				 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, err_size, EINVAL,
				 "%s: not a regular file", path);
	if (st.st_uid && st.st_uid != geteuid())
		return error_set(err, err_size, EPERM,
				 "%s: belongs to another user; chown it to root",
				 path);
	if (st.st_mode & 077)
		return error_set(err, err_size, EPERM,
				 "%s: open to others (mode %04o); chmod 600 it, "
				 "and make a new one if others could read it",
				 path, st.st_mode & 07777);
	if (st.st_size > IDENTITY_FILE_MAX)
		return error_set(err, err_size, EFBIG,
				 "%s: too large for an identity file", path);
	return 0;
}

static ssize_t identity_read(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t ret;

	while (len < size) {
		ret = read(fd, buf + len, size - len);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return -errno;
		if (!ret)
			break;
		len += ret;
	}
	return len;
}

int identity_load(const char *path, struct identity *id, char *err,
		  size_t err_size)
{
	char buf[IDENTITY_FILE_MAX], why[160];
	ssize_t len;
	int fd, ret;

	/* Not to hang on a FIFO: what it is gets looked at after. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, err_size, ENOENT,
				 "%s: no such file; make one with "
				 "\"pilot-link id new %s\"", path, path);
	if (fd < 0)
		return error_set(err, err_size, errno, "%s: %s", path,
				 strerror(errno));
	ret = identity_check_file(fd, path, err, err_size);
	if (ret)
		goto out_close;
	len = identity_read(fd, buf, sizeof(buf));
	if (len < 0) {
		ret = error_set(err, err_size, -len, "%s: %s", path,
				strerror(-len));
		goto out_wipe;
	}
	ret = identity_parse(buf, len, id, why, sizeof(why));
	if (ret)
		error_set(err, err_size, -ret, "%s: %s", path, why);
out_wipe:
	sodium_memzero(buf, sizeof(buf));
out_close:
	close(fd);
	return ret;
}

static int identity_write(int fd, const struct identity *id)
{
	char did[DID_TEXT_LEN], hex[2 * IDENTITY_SEED_LEN + 1], text[256];
	int len, done = 0, ret = 0;
	ssize_t n;

	did_format(id->public, did);
	sodium_bin2hex(hex, sizeof(hex), id->secret, IDENTITY_SEED_LEN);
	len = snprintf(text, sizeof(text), IDENTITY_HEADER "did %s\nseed %s\n",
		       did, hex);
	while (done < len) {
		n = write(fd, text + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = -errno;
			break;
		}
		done += n;
	}
	if (!ret && fsync(fd))
		ret = -errno;
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(text, sizeof(text));
	return ret;
}

/* Give the file its name in one step, and never over another. */
static int identity_publish(const char *temp, const char *path)
{
	if (!renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(temp, path))
		return -errno;
	unlink(temp);
	return 0;
}

/* The name is as durable as the file once its folder is on the disk. */
static void identity_sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int identity_save(const char *path, const struct identity *id, char *err,
		  size_t err_size)
{
	char temp[PATH_MAX];
	int fd, ret;

	if (snprintf(temp, sizeof(temp), "%s.%08x.tmp", path,
		     randombytes_random()) >= (int)sizeof(temp))
		return error_set(err, err_size, ENAMETOOLONG,
				 "%s: name too long", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return error_set(err, err_size, errno, "%s: %s", path,
				 strerror(errno));
	/* A umask may have taken bits; it must not leave the file unreadable. */
	ret = fchmod(fd, 0600) ? -errno : identity_write(fd, id);
	close(fd);
	if (!ret)
		ret = identity_publish(temp, path);
	if (ret) {
		unlink(temp);
		return error_set(err, err_size, -ret, ret == -EEXIST ?
				 "%s: there is one already; remove it first if "
				 "it is really of no use" : "%s: %s",
				 path, strerror(-ret));
	}
	identity_sync_folder(path);
	return 0;
}
