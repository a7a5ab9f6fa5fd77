// SPDX-License-Identifier: GPL-2.0-or-later
/* The state and its journal: nothing that was said to be done gets lost. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "state.h"

#define LINKS	2
#define PEERS	4
#define STEPS	12

/* In memory: it is synced some thousand times. */
static char dir[] = "/dev/shm/pilotd-journal-XXXXXX";
static char path[64], journal[80], temp[80];

static int make_dir(void **state)
{
	(void)state;
	if (sodium_init() < 0 || !mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/state.conf", dir);
	snprintf(journal, sizeof(journal), "%s.journal", path);
	snprintf(temp, sizeof(temp), "%s.new", path);
	/* What is mended here is told again and again. */
	log_level_set(LOG_LEVEL_ERROR);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	unlink(journal);
	unlink(temp);
	return 0;
}

static int remove_dir(void **state)
{
	clean(state);
	return rmdir(dir);
}

static void agent_make(struct config_agent *agent, unsigned int i)
{
	char error[CONFIG_ERROR_LEN], name[IFNAMSIZ];

	snprintf(name, sizeof(name), "pilot%u", i);
	assert_int_equal(config_agent_init(agent, name, error), 0);
}

static void peer_make(struct config_peer *peer, unsigned int i)
{
	char error[CONFIG_ERROR_LEN], did[DID_TEXT_LEN];
	uint8_t seed[IDENTITY_SEED_LEN] = { i, i >> 8, i >> 16 };
	struct identity id;

	assert_int_equal(identity_from_seed(seed, &id), 0);
	did_format(id.public, did);
	assert_int_equal(config_peer_init(peer, did, error), 0);
	snprintf(peer->link, sizeof(peer->link), "pilot%u", i % LINKS);
}

/* One of STEPS changes, of every kind. */
static void step(struct state *state, unsigned int i)
{
	char error[CONFIG_ERROR_LEN];
	struct config_agent agent;
	struct config_peer peer;

	agent_make(&agent, i % LINKS);
	peer_make(&peer, i % PEERS);
	switch (i) {
	case 0: case 1:
		assert_int_equal(state_agent_put(state, &agent, error), 0);
		break;
	case 2: case 3: case 4: case 5:
		assert_int_equal(state_peer_put(state, &peer, error), 0);
		break;
	case 6:
		peer.keepalive = 25;
		assert_int_equal(state_peer_put(state, &peer, error), 0);
		break;
	case 7: case 8:
		assert_int_equal(state_peer_forget(state, peer.link,
						   peer.public, error), 0);
		break;
	case 9:
		assert_int_equal(state_agent_forget(state, agent.name, error),
				 0);
		break;
	case 10:
		agent.disabled = 1;
		assert_int_equal(state_agent_put(state, &agent, error), 0);
		break;
	default:
		assert_int_equal(state_peer_put(state, &peer, error), 0);
	}
}

/* After the first @steps changes, with nothing on disk. */
static void expected(struct state *state, unsigned int steps)
{
	state_init(state);
	state->journal = memfd_create("journal", MFD_CLOEXEC);
	state->limit = 1 << 30;
	for (unsigned int i = 0; i < steps; i++)
		step(state, i);
}

static void assert_same(const struct config *a, const struct config *b)
{
	const struct config_agent *agent;
	const struct config_peer *peer;
	size_t i;

	assert_int_equal(a->agent_count, b->agent_count);
	assert_int_equal(a->peer_count, b->peer_count);
	for (i = 0; i < a->agent_count; i++) {
		agent = config_agent_find(b, a->agents[i].name);
		assert_non_null(agent);
		assert_true(config_agent_equal(agent, &a->agents[i]));
	}
	for (i = 0; i < a->peer_count; i++) {
		peer = config_peer_find(b, a->peers[i].link,
					a->peers[i].public);
		assert_non_null(peer);
		assert_true(config_peer_equal(peer, &a->peers[i]));
	}
}

/* What is on disk is what was there after so many steps, and goes on. */
static void assert_opens_as(unsigned int steps)
{
	char error[CONFIG_ERROR_LEN];
	struct state state, right;
	struct config_peer peer;

	expected(&right, steps);
	assert_int_equal(state_open(&state, path, error), 0);
	assert_same(&state.config, &right.config);
	peer_make(&peer, 99);
	assert_int_equal(state_peer_put(&state, &peer, error), 0);
	assert_int_equal(state_peer_put(&right, &peer, error), 0);
	state_close(&state);
	assert_int_equal(state_open(&state, path, error), 0);
	assert_same(&state.config, &right.config);
	state_close(&state);
	state_close(&right);
}

static size_t file_read(const char *name, char *text, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, size);

	assert_true(len >= 0 && (size_t)len < size);
	close(fd);
	return len;
}

static void file_write(const char *name, const char *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

/* All steps into a journal; @ends[n] is its length after n of them. */
static size_t journal_make(char *text, size_t size, off_t ends[STEPS + 1])
{
	char error[CONFIG_ERROR_LEN];
	struct state state;

	clean(NULL);
	assert_int_equal(state_open(&state, path, error), 0);
	for (unsigned int i = 0; i < STEPS; i++) {
		ends[i] = state.end;
		step(&state, i);
		assert_true(state.end > ends[i]);
	}
	ends[STEPS] = state.end;
	state_close(&state);
	return file_read(journal, text, size);
}

static void every_change_comes_back(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct state now, right;
	struct stat st;

	(void)state;
	for (unsigned int i = 0; i <= STEPS; i++) {
		clean(NULL);
		assert_int_equal(state_open(&now, path, error), 0);
		for (unsigned int j = 0; j < i; j++)
			step(&now, j);
		expected(&right, i);
		assert_same(&now.config, &right.config);
		state_close(&right);
		/* As by a kill: nothing is written at the end. */
		state_close(&now);
		assert_opens_as(i);
	}
	assert_int_equal(stat(journal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* The end of the journal is lost, at every byte. */
static void a_cut_journal_ends_with_its_last_whole_change(void **state)
{
	static char text[65536];
	off_t ends[STEPS + 1];
	size_t len = journal_make(text, sizeof(text), ends);
	unsigned int steps = 0;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		clean(NULL);
		file_write(journal, text, cut);
		while (steps < STEPS && ends[steps + 1] <= (off_t)cut)
			steps++;
		assert_opens_as(steps);
	}
	assert_int_equal(steps, STEPS);
}

/* A loss of power: the length was written, the bytes are zeros or old. */
static void bytes_that_were_not_written_end_the_journal(void **state)
{
	static char text[65536], broken[65536];
	off_t ends[STEPS + 1];
	size_t len = journal_make(text, sizeof(text), ends);

	(void)state;
	for (off_t at = ends[STEPS - 1]; at < ends[STEPS]; at++) {
		memcpy(broken, text, len);
		memset(broken + at, 0, len - at);
		clean(NULL);
		file_write(journal, broken, len);
		assert_opens_as(STEPS - 1);
		memcpy(broken, text, len);
		broken[at] ^= 1;
		clean(NULL);
		file_write(journal, broken, len);
		assert_opens_as(STEPS - 1);
	}
	memset(broken, 0, sizeof(broken));
	memcpy(broken, text, len);
	clean(NULL);
	file_write(journal, broken, len + 4096);
	assert_opens_as(STEPS);
}

/*
 * A crash while the two are made one: state.conf is new, or half written
 * beside the old one, and the journal is as it was.
 */
static void a_crash_while_they_are_made_one_changes_nothing(void **state)
{
	static char text[65536], whole[65536];
	off_t ends[STEPS + 1];
	size_t len = journal_make(text, sizeof(text), ends), n;
	char error[CONFIG_ERROR_LEN];
	struct state now;

	(void)state;
	assert_int_equal(state_open(&now, path, error), 0);
	assert_int_equal(now.end, 0);
	state_close(&now);
	file_write(journal, text, len);
	assert_opens_as(STEPS);

	clean(NULL);
	file_write(journal, text, len);
	n = journal_make(whole, sizeof(whole), ends);
	file_write(journal, whole, n);
	file_write(temp, "agent pilot0\n  identi", 21);
	assert_opens_as(STEPS);
}

static void the_journal_does_not_grow_for_ever(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct config_peer peer;
	off_t longest = 0;
	struct state now;

	(void)state;
	assert_int_equal(state_open(&now, path, error), 0);
	peer_make(&peer, 1);
	for (unsigned int i = 0; i < 3000; i++) {
		peer.keepalive = i;
		assert_int_equal(state_peer_put(&now, &peer, error), 0);
		if (now.end > longest)
			longest = now.end;
	}
	assert_in_range(longest, STATE_JOURNAL_MIN / 2, STATE_JOURNAL_MIN);
	state_close(&now);
	assert_int_equal(state_open(&now, path, error), 0);
	assert_int_equal(now.config.peer_count, 1);
	assert_int_equal(now.config.peers[0].keepalive, 2999);
	state_close(&now);
}

/* What cannot be written is said, and stands in nobody's way later. */
static void a_failed_write_is_told(void **state)
{
	char error[CONFIG_ERROR_LEN] = "";
	struct config_peer peer;
	struct state now;
	int good;

	(void)state;
	assert_int_equal(state_open(&now, path, error), 0);
	step(&now, 0);
	good = now.journal;
	now.journal = open("/dev/full", O_RDWR | O_CLOEXEC);
	peer_make(&peer, 0);
	assert_int_equal(state_peer_put(&now, &peer, error), -ENOSPC);
	assert_non_null(strstr(error, journal));
	close(now.journal);
	now.journal = good;
	step(&now, 1);
	state_close(&now);
	assert_int_equal(state_open(&now, path, error), 0);
	assert_int_equal(now.config.agent_count, 2);
	assert_int_equal(now.config.peer_count, 0);
	state_close(&now);
}

static void a_journal_that_others_may_write_is_refused(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct state now;

	(void)state;
	file_write(journal, "", 0);
	assert_int_equal(chmod(journal, 0620), 0);
	assert_int_equal(state_open(&now, path, error), -EPERM);
	assert_non_null(strstr(error, "chmod go-w"));
	unlink(journal);
	assert_int_equal(symlink(path, journal), 0);
	assert_int_equal(state_open(&now, path, error), -ELOOP);
}

#define on_a_clean_disk(test)						\
	cmocka_unit_test_setup_teardown(test, clean, clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		on_a_clean_disk(every_change_comes_back),
		on_a_clean_disk(a_cut_journal_ends_with_its_last_whole_change),
		on_a_clean_disk(bytes_that_were_not_written_end_the_journal),
		on_a_clean_disk(a_crash_while_they_are_made_one_changes_nothing),
		on_a_clean_disk(the_journal_does_not_grow_for_ever),
		on_a_clean_disk(a_failed_write_is_told),
		on_a_clean_disk(a_journal_that_others_may_write_is_refused),
	};

	return cmocka_run_group_tests_name("pilotd_journal", tests, make_dir,
					   remove_dir);
}
