/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files: whole in, and whole out in one step. */
#ifndef PILOTD_STORE_H
#define PILOTD_STORE_H

#include "config.h"

/*
 * Reads and parses a file. A state file that is not there is an empty one.
 * Return: 0 or -errno with a text in @err; then @config is empty.
 */
int store_load(struct config *config, enum config_kind kind, const char *path,
	       char err[static CONFIG_ERROR_LEN]);

/*
 * All of an open file, which the caller frees; refuses one that others may
 * write. Return: 0 or -errno with a text in @err.
 */
int store_read(int fd, const char *path, char **text, size_t *len,
	       char err[static CONFIG_ERROR_LEN]);

/* Makes it last that @path was made or replaced. Return: 0 or -errno. */
int store_sync_directory(const char *path);

/*
 * Replaces a file atomically, for good: a loss of power leaves the one or the
 * other. Return: 0 or -errno with a text in @err.
 */
int store_save(const struct config *config, const char *path,
	       char err[static CONFIG_ERROR_LEN]);

#endif /* PILOTD_STORE_H */
