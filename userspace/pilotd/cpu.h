/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine does fast: by its processor, and by what its kernel has. */
#ifndef PILOTD_CPU_H
#define PILOTD_CPU_H

#include <stdbool.h>
#include <stdio.h>

/*
 * AES-GCM: the processor has rounds of AES and carry-less multiplication, and the
 * kernel a driver that uses them. Who cannot read /proc has to ask before.
 */
bool cpu_has_aes(void);

/*
 * @crypto: as /proc/crypto. Return: false when AES-GCM is there, and nothing of it is
 * faster than ChaCha20-Poly1305. Loading the module has loaded what there is.
 */
bool cpu_kernel_has_aes(FILE *crypto);

#endif /* PILOTD_CPU_H */
