// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines of the helper, as answers and as events: the input itself, and a
 * line of the right keys whose values the input chooses, with one byte
 * changed. jansson is not instrumented, so that chance alone finds no JSON.
 */
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../pilot-link/control.h"
#include "../pilot-link/monitor.h"
#include "../pilot-link/peer_show.h"
#include "../pilot-link/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t input_byte(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static json_t *input_text(struct input *input)
{
	size_t length = input_byte(input);
	json_t *text;

	if (length > input->size)
		length = input->size;
	text = json_stringn((const char *)input->data, length);
	input->data += length;
	input->size -= length;
	return text ? text : json_null();
}

static json_t *input_value(struct input *input, int depth)
{
	static const char *const keys[] = {
		"ok", "result", "error", "code", "message", "hint", "event",
		"link", "peer", "address", "did", "state", "attempts",
	};
	json_t *value;
	unsigned int i, count;

	switch (input_byte(input) % (depth ? 7 : 5)) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_false();
	case 3:
		return json_integer(input_byte(input));
	case 4:
		return input_text(input);
	case 5:
		value = json_array();
		for (count = input_byte(input) % 4; count; count--)
			json_array_append_new(value,
					      input_value(input, depth - 1));
		return value;
	default:
		value = json_object();
		for (count = input_byte(input) % 6; count; count--) {
			i = input_byte(input) % (sizeof(keys) / sizeof(*keys));
			json_object_set_new(value, keys[i],
					    input_value(input, depth - 1));
		}
		return value;
	}
}

static void check_escaped(const char *said)
{
	char *text = print_escape(said);
	const char *c;

	for (c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			abort();
	}
	free(text);
}

static void check_line(const char *line, size_t length)
{
	static const struct tool tool = { .json = true };
	struct peer_view view = { .ifname = "pilot0" };
	struct control_error error;
	json_t *value;
	int ret;

	ret = control_reply_parse(line, length, &value, &error);
	if (!ret != !!value)
		abort();
	if (ret) {
		check_escaped(error.message);
		check_escaped(error.hint);
	}
	if (json_is_object(value)) {
		view.helper = value;
		json_decref(peer_json(&tool, &view));
	}
	json_decref(value);
	if (!control_event_parse(line, length, &value) != !!value)
		abort();
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	json_t *line;
	size_t length;
	char *text;

	check_line((const char *)data, size);
	line = input_value(&input, 4);
	text = json_dumps(line, JSON_ENCODE_ANY);
	json_decref(line);
	if (!text)
		return 0;
	length = strlen(text);
	check_line(text, length);
	text[input_byte(&input) % length] = input_byte(&input);
	check_line(text, length);
	free(text);
	return 0;
}
