// SPDX-License-Identifier: GPL-2.0-or-later
#include "tlv.h"
#include "wire.h"

static volatile uint8_t sum;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_cookie cookie;
	struct wire_init init;
	struct wire_resp resp;
	struct tlv_reader r;
	struct tlv tlv;
	size_t total = 0;

	tlv_read_begin(&r, data, size);
	while (tlv_read(&r, &tlv) > 0) {
		for (int i = 0; i < tlv.len; i++)
			sum += tlv.value[i];
		total += TLV_HEADER_LEN + tlv.len;
	}
	if (total > size)
		__builtin_trap();
	if (!wire_init_parse(data, size, &init))
		sum += init.noise[init.noise_len - 1];
	if (!wire_resp_parse(data, size, &resp))
		sum += resp.noise[resp.noise_len - 1];
	if (!wire_cookie_parse(data, size, &cookie))
		sum += cookie.sealed[WIRE_COOKIE_LEN + WIRE_TAG_LEN - 1];
	return 0;
}
