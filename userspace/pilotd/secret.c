// SPDX-License-Identifier: GPL-2.0-or-later

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "error.h"

static int secret_check(int fd, const char *path, const char *what, char *err,
			size_t err_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, err_size, EINVAL,
				 "%s %s is not a regular file", what, path);
	if (st.st_mode & 077)
		return error_set(err, err_size, EPERM,
				 "%s %s is open to others; run: chmod 600 %s",
				 what, path, path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(err, err_size, EPERM,
				 "%s %s belongs to neither root nor the caller",
				 what, path);
	return 0;
}

int secret_read(const char *path, const char *what, char *text, size_t size,
		char *err, size_t err_size)
{
	char end = 0;
	ssize_t n;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return error_set(err, err_size, errno, "cannot open %s %s: %s",
				 what, path, strerror(errno));
	ret = secret_check(fd, path, what, err, err_size);
	if (ret) {
		close(fd);
		return ret;
	}
	n = read(fd, text, size - 1);
	if (n < 0) {
		ret = error_set(err, err_size, errno, "cannot read %s %s: %s",
				what, path, strerror(errno));
		close(fd);
		return ret;
	}
	/* What is left can only be the end of the line. */
	if (n == (ssize_t)size - 1 && read(fd, &end, 1) == 1 &&
	    (end != '\n' || read(fd, &end, 1) == 1))
		n = -1;
	close(fd);
	if (n < 0) {
		sodium_memzero(text, size);
		return error_set(err, err_size, EMSGSIZE, "%s %s is too long",
				 what, path);
	}
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return n;
}
