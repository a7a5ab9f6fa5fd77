// SPDX-License-Identifier: GPL-2.0-or-later
/* The identity file. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "identity.h"

static char folder[] = "/tmp/pilot-identity-XXXXXX";
static char path[64];
static char err[256];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/identity", folder);
	unlink(path);
	err[0] = '\0';
	return 0;
}

static void file_write(const char *name, const void *bytes, size_t len,
		       mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static size_t file_read(const char *name, char *buf, size_t size)
{
	int fd = open(name, O_RDONLY);
	ssize_t len = read(fd, buf, size);

	close(fd);
	assert_true(len > 0);
	return len;
}

static int folder_entries(void)
{
	DIR *dir = opendir(folder);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void test_save_load(void **state)
{
	struct identity id, again;
	struct stat st;

	(void)state;
	umask(0777);
	assert_int_equal(identity_generate(&id), 0);
	assert_int_equal(identity_save(path, &id, err, sizeof(err)), 0);
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(identity_load(path, &again, err, sizeof(err)), 0);
	assert_memory_equal(&id, &again, sizeof(id));
	assert_int_equal(folder_entries(), 1);

	/* Two identities are never the same. */
	assert_int_equal(identity_generate(&again), 0);
	assert_memory_not_equal(id.public, again.public, 32);
}

static void test_overwrite_refused(void **state)
{
	struct identity id, other;

	(void)state;
	identity_generate(&id);
	identity_generate(&other);
	assert_int_equal(identity_save(path, &id, err, sizeof(err)), 0);
	assert_int_equal(identity_save(path, &other, err, sizeof(err)),
			 -EEXIST);
	assert_non_null(strstr(err, path));
	assert_int_equal(identity_load(path, &other, err, sizeof(err)), 0);
	assert_memory_equal(&id, &other, sizeof(id));
	assert_int_equal(folder_entries(), 1);
	assert_int_equal(identity_save("/nowhere/at/all", &id, err,
				       sizeof(err)), -ENOENT);
}

static void test_modes(void **state)
{
	struct identity id;
	char link[80];

	(void)state;
	identity_generate(&id);
	assert_int_equal(identity_save(path, &id, err, sizeof(err)), 0);
	for (int mode = 0; mode < 01000; mode++) {
		chmod(path, mode);
		if (mode & 077) {
			assert_int_equal(identity_load(path, &id, err,
						       sizeof(err)), -EPERM);
			assert_non_null(strstr(err, "chmod 600"));
		} else if (mode & 0400) {
			assert_int_equal(identity_load(path, &id, err,
						       sizeof(err)), 0);
		}
	}
	chmod(path, 0600);
	if (!geteuid()) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(identity_load(path, &id, err, sizeof(err)),
				 -EPERM);
	}
	unlink(path);
	assert_int_equal(identity_load(path, &id, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "id new"));
	assert_int_equal(identity_load(folder, &id, err, sizeof(err)),
			 -EINVAL);
	snprintf(link, sizeof(link), "%s/fifo", folder);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_int_equal(identity_load(link, &id, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "regular"));
	unlink(link);
}

static void test_damaged(void **state)
{
	struct identity id, out;
	char text[512], bad[512];
	size_t len;

	(void)state;
	identity_generate(&id);
	assert_int_equal(identity_save(path, &id, err, sizeof(err)), 0);
	len = file_read(path, text, sizeof(text));
	for (size_t cut = 0; cut < len; cut++) {
		/* On the heap and exact, so that reading on is seen. */
		char *copy = malloc(cut + !cut);

		memcpy(copy, text, cut);
		err[0] = '\0';
		assert_int_equal(identity_parse(copy, cut, &out, err,
						sizeof(err)), -EINVAL);
		assert_true(strlen(err) > 10);
		free(copy);
	}
	for (size_t bit = 0; bit < len * 8; bit++) {
		memcpy(bad, text, len);
		bad[bit / 8] ^= 1 << (bit % 8);
		if (!identity_parse(bad, len, &out, err, sizeof(err)))
			/* Hex digits have two cases, and no more. */
			assert_memory_equal(&id, &out, sizeof(id));
	}
	memcpy(bad, text, len);
	bad[len] = '\n';
	assert_int_equal(identity_parse(bad, len + 1, &out, err, sizeof(err)),
			 -EINVAL);
	file_write(path, text, len - 1, 0600);
	assert_int_equal(identity_load(path, &out, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, path));
	file_write(path, "", 0, 0600);
	assert_int_equal(identity_load(path, &out, err, sizeof(err)), -EINVAL);
	unlink(path);
}

static void test_too_large(void **state)
{
	static const char zeros[5000];
	struct identity out;

	(void)state;
	file_write(path, zeros, sizeof(zeros), 0600);
	assert_int_equal(identity_load(path, &out, err, sizeof(err)), -EFBIG);
}

/* The two keys of an identity are one: each side computes the other's. */
static void test_conversion(void **state)
{
	uint8_t x25519[32], base[32];
	struct identity id;

	(void)state;
	identity_generate(&id);
	assert_int_equal(did_to_x25519(id.public, x25519), 0);
	assert_memory_equal(x25519, id.x25519_public, 32);
	crypto_scalarmult_curve25519_base(base, id.x25519_secret);
	assert_memory_equal(base, id.x25519_public, 32);
	identity_wipe(&id);
	assert_true(sodium_is_zero((uint8_t *)&id, sizeof(id)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_save_load, setup),
		cmocka_unit_test_setup(test_overwrite_refused, setup),
		cmocka_unit_test_setup(test_modes, setup),
		cmocka_unit_test_setup(test_damaged, setup),
		cmocka_unit_test_setup(test_too_large, setup),
		cmocka_unit_test_setup(test_conversion, setup),
	};
	int ret;

	if (sodium_init() < 0 || !mkdtemp(folder))
		return 1;
	ret = cmocka_run_group_tests_name("identity", tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return ret;
}
