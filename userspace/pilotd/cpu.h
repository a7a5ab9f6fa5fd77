/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine's processor accelerates. */
#ifndef PILOTD_CPU_H
#define PILOTD_CPU_H

#include <stdbool.h>

/* AES rounds and carry-less multiplication: what AES-GCM needs to be fast. */
bool cpu_has_aes(void);

#endif /* PILOTD_CPU_H */
