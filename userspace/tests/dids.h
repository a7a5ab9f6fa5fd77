/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identities of tests, which are always the same. */
#ifndef PILOT_TESTS_DIDS_H
#define PILOT_TESTS_DIDS_H

#include "identity.h"

/* The one that begins with @first. Return: 0, or -1 without libsodium. */
int did_make(uint8_t first, uint8_t public[static IDENTITY_KEY_LEN],
	     char did[static DID_TEXT_LEN]);

#endif /* PILOT_TESTS_DIDS_H */
