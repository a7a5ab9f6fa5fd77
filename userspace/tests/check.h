/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes; cmocka wants these in front of it. */
#ifndef PILOT_TESTS_CHECK_H
#define PILOT_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Hex text to bytes; the text is the test's own and known to be good. */
size_t check_hex(const char *hex, uint8_t *out, size_t size);

#endif /* PILOT_TESTS_CHECK_H */
