// SPDX-License-Identifier: GPL-2.0-or-later

#include "cpu.h"

#include <string.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static bool cpu_accelerates_aes(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	return __builtin_cpu_supports("aes") &&
	       __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
	unsigned long need = HWCAP_AES | HWCAP_PMULL;

	return (getauxval(AT_HWCAP) & need) == need;
#else
	return false;
#endif
}

/* An entry of the file, as far as it was read. */
struct cpu_driver {
	bool gcm;
	bool fast;			/* see is_fast() */
};

/*
 * The template's is made of others. The library's, which newer kernels have beside
 * the architecture's, is slower than ChaCha20-Poly1305 with full packets.
 */
static bool is_fast(const char *driver)
{
	return !strstr(driver, "gcm_base(") && strcmp(driver, "gcm-aes-lib");
}

/* Which one the module uses is the rule of kernel/aead.c. */
bool cpu_kernel_has_aes(FILE *crypto)
{
	struct cpu_driver driver = { 0 };
	char line[512], value[256];
	bool any = false;

	while (fgets(line, sizeof(line), crypto)) {
		if (sscanf(line, "name : %255s", value) == 1) {
			driver = (struct cpu_driver){
				.gcm = !strcmp(value, "gcm(aes)") ||
				       !strcmp(value, "__gcm(aes)"),
			};
			any |= driver.gcm;
		} else if (sscanf(line, "driver : %255s", value) == 1) {
			driver.fast = is_fast(value);
		} else if (sscanf(line, "async : %255s", value) == 1 &&
			   driver.gcm && driver.fast && !strcmp(value, "no")) {
			return true;
		}
	}
	return !any;
}

bool cpu_has_aes(void)
{
	FILE *crypto;
	bool has;

	if (!cpu_accelerates_aes())
		return false;
	crypto = fopen("/proc/crypto", "re");
	if (!crypto)
		return true;
	has = cpu_kernel_has_aes(crypto);
	fclose(crypto);
	return has;
}
