// SPDX-License-Identifier: GPL-2.0-or-later

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static int read_all(int fd, char *text, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = read(fd, text + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EAGAIN;	/* it shrank while being read */
		have += n;
	}
	return 0;
}

/* Return: its size, or -errno. */
static off_t check_file(int fd, const char *path, char *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > CONFIG_SIZE_MAX)
		return error_set(err, CONFIG_ERROR_LEN, EINVAL,
				 "%s is not a regular file of a sane size",
				 path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, CONFIG_ERROR_LEN, EPERM,
				 "others may write %s; run: chmod go-w %s",
				 path, path);
	return st.st_size;
}

int store_read(int fd, const char *path, char **textp, size_t *len,
	       char err[static CONFIG_ERROR_LEN])
{
	off_t size = check_file(fd, path, err);
	char *text;
	int ret;

	if (size < 0)
		return size;
	text = malloc(size + 1);
	ret = text ? read_all(fd, text, size) : -ENOMEM;
	if (ret) {
		free(text);
		return error_set(err, CONFIG_ERROR_LEN, -ret,
				 "cannot read %s: %s", path, strerror(-ret));
	}
	*textp = text;
	*len = size;
	return 0;
}

int store_load(struct config *config, enum config_kind kind, const char *path,
	       char err[static CONFIG_ERROR_LEN])
{
	char *text = NULL;
	size_t len;
	int fd, ret;

	config_init(config);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && kind == CONFIG_STATE)
		return 0;
	if (fd < 0)
		return error_set(err, CONFIG_ERROR_LEN, errno,
				 "cannot open %s: %s", path, strerror(errno));
	ret = store_read(fd, path, &text, &len, err);
	close(fd);
	if (!ret)
		ret = config_parse(config, kind, path, text, len, err);
	free(text);
	return ret;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int store_sync_directory(const char *path)
{
	char directory[PATH_MAX];
	char *slash;
	int fd, ret;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	fd = open(slash ? directory : ".",
		  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int store_save(const struct config *config, const char *path,
	       char err[static CONFIG_ERROR_LEN])
{
	char temp[PATH_MAX];
	size_t len;
	char *text;
	int fd, ret;

	text = config_format(config, &len);
	if (!text)
		return error_set(err, CONFIG_ERROR_LEN, ENOMEM,
				 "out of memory");
	snprintf(temp, sizeof(temp), "%s.new", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	ret = fd < 0 ? -errno : write_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	free(text);
	if (!ret && rename(temp, path) < 0)
		ret = -errno;
	if (ret)
		unlink(temp);
	else
		ret = store_sync_directory(path);
	if (!ret)
		return 0;
	return error_set(err, CONFIG_ERROR_LEN, -ret, "cannot write %s: %s",
			 path, strerror(-ret));
}
