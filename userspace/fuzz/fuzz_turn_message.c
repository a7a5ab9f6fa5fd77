// SPDX-License-Identifier: GPL-2.0-or-later
#include "stun_input.h"
#include "turn_message.h"

static void check_endpoint(const struct endpoint *endpoint)
{
	if (endpoint_is_set(endpoint) &&
	    (endpoint_check(endpoint) || !endpoint_is_direct(endpoint)))
		__builtin_trap();
}

static void check_answer(const uint8_t *bytes, size_t len,
			 enum turn_method method, const uint8_t *key)
{
	struct turn_answer answer;

	if (turn_answer_parse(bytes, len, method, key, &answer))
		return;
	check_endpoint(&answer.relayed);
	check_endpoint(&answer.mapped);
	check_endpoint(&answer.alternate);
	if (!memchr(answer.realm, 0, sizeof(answer.realm)) ||
	    !memchr(answer.nonce, 0, sizeof(answer.nonce)))
		__builtin_trap();
	/* Nobody here knows the key. */
	if (answer.authentic && !key)
		__builtin_trap();
}

static void check(const uint8_t *bytes, size_t len)
{
	static const uint8_t key[TURN_KEY_LEN] = { 1, 2, 3 };
	struct turn_data data;

	if (!stun_is_message(bytes, len))
		return;
	for (int method = TURN_ALLOCATE; method <= TURN_CHANNEL; method++) {
		check_answer(bytes, len, method, NULL);
		check_answer(bytes, len, method, key);
	}
	if (turn_data_parse(bytes, len, &data))
		return;
	check_endpoint(&data.peer);
	if (!turn_is_data(bytes) || !data.len || data.len > len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stun_input(data, size, check);
	return 0;
}
