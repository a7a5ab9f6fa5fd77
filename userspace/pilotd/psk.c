// SPDX-License-Identifier: GPL-2.0-or-later

#include "psk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "error.h"

int psk_load(const char *path, uint8_t psk[static PSK_LEN], char *err,
	     size_t err_size)
{
	char text[2 * PSK_LEN + 2];
	struct stat st;
	size_t len;
	ssize_t n;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return error_set(err, err_size, errno,
				 "cannot open psk %s: %s", path,
				 strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		ret = error_set(err, err_size, EINVAL,
				"psk %s is not a regular file", path);
	else if (st.st_mode & 077)
		ret = error_set(err, err_size, EPERM,
				"psk %s is open to others; run: chmod 600 %s",
				path, path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		ret = error_set(err, err_size, EPERM,
				"psk %s belongs to neither root nor the caller",
				path);
	if (ret) {
		close(fd);
		return ret;
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == 2 * PSK_LEN + 1 && text[2 * PSK_LEN] == '\n')
		n--;
	if (n != 2 * PSK_LEN ||
	    sodium_hex2bin(psk, PSK_LEN, text, (size_t)n, NULL, &len, NULL) ||
	    len != PSK_LEN)
		ret = error_set(err, err_size, EINVAL,
				"psk %s is not 64 hexadecimal digits; make one with: openssl rand -hex 32",
				path);
	sodium_memzero(text, sizeof(text));
	if (ret)
		sodium_memzero(psk, PSK_LEN);
	return ret;
}
