// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parent against a worker in foreign hands: what is not of its own agents
 * and peers is refused before any privilege is used. No kernel module is
 * needed, since nothing gets that far.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "check.h"
#include "parent.h"
#include "serve.h"

struct scene {
	struct options options;
	struct parent parent;
	struct agent agent;
	int worker;		/* the worker's end */
};

static int scene_start(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char error[CONFIG_ERROR_LEN];
	int pair[2];

	if (sodium_init() < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    config_agent_init(&scene->agent.config, "pilot0", error))
		return -1;
	config_init(&scene->parent.file);
	state_init(&scene->parent.state);
	config_init(&scene->parent.config);
	strcpy(scene->options.config_dir, "/etc/pilot-link");
	scene->options.config = "/etc/pilot-link/pilotd.conf";
	scene->parent.options = &scene->options;
	lanes_init(&scene->parent.lanes, 7740, 2);
	scene->parent.ipc = pair[0];
	scene->worker = pair[1];
	scene->agent.address = 1ULL << 32 | 99;
	scene->parent.agents = &scene->agent;
	*state = scene;
	return 0;
}

static int scene_stop(void **state)
{
	struct scene *scene = *state;

	close(scene->parent.ipc);
	close(scene->worker);
	config_free(&scene->parent.file);
	state_close(&scene->parent.state);
	config_free(&scene->parent.config);
	free(scene);
	return 0;
}

/* Return: the errno of the reply, which has the request's id and a text. */
static int ask(struct scene *scene, struct ipc_message *message)
{
	message->id = 77;
	serve_request(&scene->parent, message);
	assert_int_equal(ipc_receive(scene->worker, message, false), 0);
	assert_int_equal(message->type, IPC_REPLY);
	assert_int_equal(message->id, 77);
	assert_true(!message->reply.error || *message->reply.text);
	return message->reply.error;
}

static void a_key_for_a_foreign_agent_is_refused(void **state)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_KEY_NEW);
	message.key.agent = 1ULL << 32 | 98;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_KEY_DEL);
	message.key_name.agent = 0;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_ENDPOINT_SET);
	message.endpoint.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_ENDPOINT_RELEASE);
	message.peer_name.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_ENDPOINT_FORGET);
	message.peer_name.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_IDLE_ANEW);
	message.idle.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_RELAY_NEW);
	message.relay.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_RELAY_DEL);
	message.relay_name.agent = UINT64_MAX;
	assert_int_equal(ask(*state, &message), ENOENT);
}

/* A relay as it is configured: nothing larger, and nothing for longer. */
static void no_more_is_relayed_than_is_allowed(void **state)
{
	static const struct relay_entry within = {
		.id = 1, .next_id = 2, .from = 1ULL << 32 | 10,
		.to = 1ULL << 32 | 11, .packet_rate = 100, .byte_rate = 1000,
		.total_bytes = 9000, .seconds = 300,
	};
	struct scene *scene = *state;
	struct introducer_config *allowed = &scene->parent.config.introduce;
	struct ipc_message message;

	for (int i = 0; i < 9; i++) {
		ipc_message_init(&message, IPC_RELAY_NEW);
		message.relay.agent = scene->agent.address;
		message.relay.entry = within;
		/* Off; signalling only; and then each limit by itself. */
		*allowed = (struct introducer_config){
			.enabled = i != 0, .data = i > 1, .packet_rate = 100,
			.byte_rate = 1000, .total_bytes = 9000, .pairs = 1,
			.lifetime = 300,
		};
		message.relay.entry.signalling = i == 0;
		message.relay.entry.packet_rate += i == 2;
		message.relay.entry.byte_rate += i == 3;
		message.relay.entry.seconds += i == 4;
		if (i == 5)
			message.relay.entry.packet_rate = 0;
		if (i == 6)
			message.relay.entry.byte_rate = 0;
		message.relay.entry.total_bytes += i == 7;
		if (i == 8)
			message.relay.entry.total_bytes = 0;
		assert_int_equal(ask(scene, &message), EACCES);
	}
}

static void a_key_for_a_lane_without_sockets_is_refused(void **state)
{
	struct scene *scene = *state;
	struct ipc_message message;

	for (int lane = 2; lane < 256; lane += lane < 8 ? 1 : 31) {
		ipc_message_init(&message, IPC_KEY_NEW);
		message.key.agent = scene->agent.address;
		message.key.key.lane = lane;
		message.key.key.port = 7740;
		assert_int_equal(ask(scene, &message), EINVAL);
		assert_non_null(strstr(message.reply.text, "no lane"));
	}
}

static void a_foreign_link_is_not_deleted(void **state)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_LINK_DEL);
	strcpy(message.link_name.name, "lo");
	assert_int_equal(ask(*state, &message), ENODEV);
	ipc_message_init(&message, IPC_LINK_DEL);
	assert_int_equal(ask(*state, &message), ENODEV);
}

static void a_link_is_not_made_twice(void **state)
{
	struct scene *scene = *state;
	struct ipc_message message;

	ipc_message_init(&message, IPC_LINK_ADD);
	message.link = scene->agent.config;
	assert_int_equal(ask(scene, &message), EEXIST);
}

/* Return: what is said to a link with this identity. */
static int add_link(struct scene *scene, const char *identity,
		    struct ipc_message *message)
{
	char error[CONFIG_ERROR_LEN];

	ipc_message_init(message, IPC_LINK_ADD);
	assert_int_equal(config_agent_init(&message->link, "pilot1", error), 0);
	strcpy(message->link.identity, identity);
	assert_int_equal(ipc_check(message, ipc_length(message->type), true),
			 0);
	return ask(scene, message);
}

/* Return: what is said to a peer with this psk. */
static int add_peer(struct scene *scene, const char *psk,
		    struct ipc_message *message)
{
	ipc_message_init(message, IPC_PEER_NEW);
	strcpy(message->config_peer.link, "pilot0");
	strcpy(message->config_peer.psk, psk);
	return ask(scene, message);
}

/*
 * A file counts where the configuration is, and nowhere else; that it cannot
 * be opened there is the next thing that is said.
 */
static void a_foreign_file_is_no_identity(void **state)
{
	static const char *const foreign[] = {
		"/etc/passwd", "/etc/pilot-link", "/etc/pilot-link2/identity",
		"/etc/pilot-lin/identity", "/root/.ssh/id_ed25519",
	};
	struct scene *scene = *state;
	struct ipc_message message;

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		assert_int_equal(add_link(scene, foreign[i], &message), EACCES);
		assert_non_null(strstr(message.reply.text, foreign[i]));
		assert_int_equal(add_peer(scene, foreign[i], &message), EACCES);
		assert_non_null(strstr(message.reply.text, foreign[i]));
	}
	assert_int_equal(add_link(scene, "/etc/pilot-link/none", &message),
			 ENOENT);
	assert_int_equal(add_peer(scene, "/etc/pilot-link/none", &message),
			 ENOENT);
	/* With the configuration in the root directory nothing is beside it. */
	strcpy(scene->options.config_dir, "/");
	assert_int_equal(add_link(scene, "/etc/passwd", &message), EACCES);
}

static void a_way_out_of_the_directory_is_no_message(void **state)
{
	char error[CONFIG_ERROR_LEN];
	struct ipc_message message;

	(void)state;
	ipc_message_init(&message, IPC_LINK_ADD);
	assert_int_equal(config_agent_init(&message.link, "pilot1", error), 0);
	strcpy(message.link.identity, "/etc/pilot-link/../passwd");
	assert_int_equal(ipc_check(&message, ipc_length(IPC_LINK_ADD), true),
			 -EBADMSG);
	strcpy(message.link.identity, "identity");
	assert_int_equal(ipc_check(&message, ipc_length(IPC_LINK_ADD), true),
			 -EBADMSG);
}

/* What pilotd.conf names is ours too, wherever it is. */
static void a_file_of_the_configuration_is_taken(void **state)
{
	struct scene *scene = *state;
	struct ipc_message message;
	struct config_agent agent = { .name = "pilot1", .identity = "/no/id" };
	struct config_peer peer = { .link = "pilot0", .psk = "/no/psk" };

	assert_int_equal(add_link(scene, "/no/id", &message), EACCES);
	assert_int_equal(add_peer(scene, "/no/psk", &message), EACCES);
	assert_int_equal(config_agent_put(&scene->parent.file, &agent), 0);
	assert_int_equal(config_peer_put(&scene->parent.file, &peer), 0);
	assert_int_equal(add_link(scene, "/no/id", &message), ENOENT);
	assert_int_equal(add_peer(scene, "/no/psk", &message), ENOENT);
	/* One for the other it is not. */
	assert_int_equal(add_peer(scene, "/no/id", &message), EACCES);
}

static void a_foreign_peer_is_not_touched(void **state)
{
	struct ipc_message message;

	ipc_message_init(&message, IPC_PEER_REMOVE);
	strcpy(message.peer_remove.link, "pilot0");
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_PEER_REMOVE);
	strcpy(message.peer_remove.link, "eth0");
	assert_int_equal(ask(*state, &message), ENODEV);
	ipc_message_init(&message, IPC_PEER_CHANGE);
	strcpy(message.config_peer.link, "pilot0");
	assert_int_equal(ask(*state, &message), ENOENT);
	ipc_message_init(&message, IPC_PEER_NEW);
	strcpy(message.config_peer.link, "eth0");
	assert_int_equal(ask(*state, &message), ENODEV);
}

static void a_reload_of_a_bad_file_changes_nothing(void **state)
{
	char path[] = "/tmp/pilotd-serve-XXXXXX";
	struct scene *scene = *state;
	struct ipc_message message;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "log-level debug\nlisen 1\n", 24), 24);
	close(fd);
	scene->options.config = path;
	ipc_message_init(&message, IPC_RELOAD);
	assert_int_equal(ask(scene, &message), EINVAL);
	assert_non_null(strstr(message.reply.text, ":2: unknown keyword"));
	assert_ptr_equal(scene->parent.agents, &scene->agent);
	assert_int_equal(scene->parent.file.log_level, LOG_LEVEL_INFO);
	unlink(path);
	ipc_message_init(&message, IPC_RELOAD);
	assert_int_equal(ask(scene, &message), ENOENT);
	assert_ptr_equal(scene->parent.agents, &scene->agent);
}

/* The sockets are what they were when pilotd started. */
static void a_reload_changes_no_sockets(void **state)
{
	static const struct {
		const char *text, *word;
	} files[] = {
		{ "listen 1234\n", "`listen`" },
		{ "listen 1234\nlanes 3\n", "`listen`" },
		{ "lanes 3\n", "`lanes`" },
		{ "log-level debug\n", "`lanes`" },
		{ "lanes 2\nlog-level debug\npath-dead 900\n"
		  "path-cost turn 40\n", NULL },
	};
	char path[] = "/tmp/pilotd-serve-XXXXXX";
	struct scene *scene = *state;
	struct ipc_message message;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	scene->options.config = path;
	scene->parent.file.lanes = 2;
	scene->parent.agents = NULL;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		size_t len = strlen(files[i].text);

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, files[i].text, len, 0), len);
		ipc_message_init(&message, IPC_RELOAD);
		assert_int_equal(ask(scene, &message),
				 files[i].word ? EBUSY : 0);
		if (files[i].word)
			assert_non_null(strstr(message.reply.text,
					       files[i].word));
		assert_int_equal(scene->parent.file.log_level,
				 files[i].word ? LOG_LEVEL_INFO :
						 LOG_LEVEL_DEBUG);
	}
	assert_int_equal(scene->parent.config.lanes, 2);
	assert_int_equal(scene->parent.config.path_dead, 900);
	assert_int_equal(scene->parent.config.path_cost[PATH_CLASS_TURN], 40);
	close(fd);
	unlink(path);
}

#define in_a_scene(test)						\
	cmocka_unit_test_setup_teardown(test, scene_start, scene_stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		in_a_scene(a_key_for_a_foreign_agent_is_refused),
		in_a_scene(no_more_is_relayed_than_is_allowed),
		in_a_scene(a_key_for_a_lane_without_sockets_is_refused),
		in_a_scene(a_foreign_link_is_not_deleted),
		in_a_scene(a_link_is_not_made_twice),
		in_a_scene(a_foreign_file_is_no_identity),
		in_a_scene(a_way_out_of_the_directory_is_no_message),
		in_a_scene(a_file_of_the_configuration_is_taken),
		in_a_scene(a_foreign_peer_is_not_touched),
		in_a_scene(a_reload_of_a_bad_file_changes_nothing),
		in_a_scene(a_reload_changes_no_sockets),
	};

	return cmocka_run_group_tests_name("pilotd_serve", tests, NULL, NULL);
}
