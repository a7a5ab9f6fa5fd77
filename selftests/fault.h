/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocations that fail: Documentation/fault-injection/fault-injection.rst. */
#ifndef PILOT_TEST_FAULT_H
#define PILOT_TEST_FAULT_H

#include <stdbool.h>

/*
 * From now on the allocations that the kernel does for this thread are counted, and
 * the one of that number, from 1 on, fails. Ends the program where the kernel
 * cannot do that.
 */
void fault_arm(unsigned int nth);
/* They are not any more. Return: whether the one was reached. */
bool fault_disarm(void);

#endif /* PILOT_TEST_FAULT_H */
