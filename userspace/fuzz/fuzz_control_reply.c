// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the helper, as answers and as events. */
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>

#include "../pilot-link/control.h"
#include "../pilot-link/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_error error;
	const char *c;
	json_t *value;
	char *text;
	int ret;

	ret = control_reply_parse((const char *)data, size, &value, &error);
	if (!ret != !!value)
		abort();
	json_decref(value);
	if (ret) {
		text = print_escape(error.message);
		for (c = text; *c; c++) {
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				abort();
		}
		free(text);
	}
	if (!control_event_parse((const char *)data, size, &value) != !!value)
		abort();
	json_decref(value);
	return 0;
}
