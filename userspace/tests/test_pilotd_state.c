// SPDX-License-Identifier: GPL-2.0-or-later
/* state.conf: comes back as it was written, and is replaced in one step. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "store.h"

static char dir[] = "/tmp/pilotd-state-XXXXXX";
static char path[64], temp[80];

static int make_dir(void **state)
{
	(void)state;
	if (sodium_init() < 0 || !mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state.conf", dir);
	snprintf(temp, sizeof(temp), "%s.new", path);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	unlink(temp);
	return rmdir(dir);
}

static void config_make(struct config *config, unsigned int peers)
{
	char error[CONFIG_ERROR_LEN], did[DID_TEXT_LEN];
	uint8_t seed[IDENTITY_SEED_LEN] = { 0 };
	struct config_agent agent;
	struct config_peer peer;
	struct identity id;
	unsigned int i;

	config_init(config);
	assert_int_equal(config_agent_init(&agent, "pilot0", error), 0);
	assert_int_equal(config_agent_put(config, &agent), 0);
	for (i = 0; i < peers; i++) {
		memcpy(seed, &i, sizeof(i));
		assert_int_equal(identity_from_seed(seed, &id), 0);
		did_format(id.public, did);
		assert_int_equal(config_peer_init(&peer, did, error), 0);
		strcpy(peer.link, "pilot0");
		peer.keepalive = i;
		assert_int_equal(config_peer_put(config, &peer), 0);
	}
}

static void a_state_comes_back(void **state)
{
	struct config out, in;
	char error[CONFIG_ERROR_LEN];
	struct stat st;
	size_t i;

	(void)state;
	config_make(&out, 100);
	config_init(&in);
	assert_int_equal(store_save(&out, path, error), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(store_load(&in, CONFIG_STATE, path, error), 0);
	assert_int_equal(in.agent_count, 1);
	assert_int_equal(in.peer_count, 100);
	for (i = 0; i < 100; i++)
		assert_true(config_peer_equal(&in.peers[i], &out.peers[i]));
	config_free(&in);
	config_free(&out);
}

static void no_state_is_an_empty_one(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	unlink(path);
	config_init(&config);
	assert_int_equal(store_load(&config, CONFIG_STATE, path, error), 0);
	assert_int_equal(config.agent_count, 0);
	assert_int_equal(store_load(&config, CONFIG_FILE, path, error),
			 -ENOENT);
	assert_non_null(strstr(error, path));
}

static void what_is_no_file_is_refused(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_init(&config);
	assert_true(store_load(&config, CONFIG_FILE, dir, error) < 0);
	assert_non_null(strstr(error, dir));
	assert_true(store_load(&config, CONFIG_FILE, "/dev/null", error) < 0);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* A pipe with no writer does not hang the daemon either. */
	assert_true(store_load(&config, CONFIG_FILE, path, error) < 0);
	unlink(path);
}

static void what_others_may_write_is_refused(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config;

	(void)state;
	config_make(&config, 1);
	assert_int_equal(store_save(&config, path, error), 0);
	config_free(&config);
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(store_load(&config, CONFIG_FILE, path, error), -EPERM);
	assert_non_null(strstr(error, "chmod go-w"));
	assert_int_equal(chmod(path, 0602), 0);
	assert_int_equal(store_load(&config, CONFIG_FILE, path, error), -EPERM);
	assert_int_equal(config.agent_count, 0);
}

/* A write that fails leaves the old state whole and no other file. */
static void a_failed_write_changes_nothing(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config config, in;

	(void)state;
	config_make(&config, 3);
	config_init(&in);
	assert_int_equal(store_save(&config, path, error), 0);
	config_peer_remove(&config, &config.peers[0]);
	assert_int_equal(mkdir(temp, 0700), 0);
	assert_true(store_save(&config, path, error) < 0);
	assert_non_null(strstr(error, path));
	assert_int_equal(store_load(&in, CONFIG_STATE, path, error), 0);
	assert_int_equal(in.peer_count, 3);
	config_free(&in);
	assert_int_equal(rmdir(temp), 0);
	assert_int_equal(store_save(&config, path, error), 0);
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(store_load(&in, CONFIG_STATE, path, error), 0);
	assert_int_equal(in.peer_count, 2);
	config_free(&in);
	config_free(&config);
}

/* Whoever reads while it is replaced sees one state or the other, whole. */
static void a_reader_sees_one_state_whole(void **state)
{
	char error[CONFIG_ERROR_LEN], text[65536];
	struct config config;
	ssize_t len;
	int fd;

	(void)state;
	config_make(&config, 50);
	assert_int_equal(store_save(&config, path, error), 0);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	while (config.peer_count)
		config_peer_remove(&config, config.peers);
	assert_int_equal(store_save(&config, path, error), 0);
	len = read(fd, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(config_parse(&config, CONFIG_STATE, "old", text, len,
				      error), 0);
	assert_int_equal(config.peer_count, 50);
	close(fd);
	config_free(&config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_comes_back),
		cmocka_unit_test(no_state_is_an_empty_one),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(what_others_may_write_is_refused),
		cmocka_unit_test(a_failed_write_changes_nothing),
		cmocka_unit_test(a_reader_sees_one_state_whole),
	};

	return cmocka_run_group_tests_name("pilotd_state", tests, make_dir,
					   remove_dir);
}
