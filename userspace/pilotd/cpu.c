// SPDX-License-Identifier: GPL-2.0-or-later

#include "cpu.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

bool cpu_has_aes(void)
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
