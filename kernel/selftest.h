/* SPDX-License-Identifier: GPL-2.0 */
/* Tests that a debug build runs when it is loaded; a failure fails the load. */
#ifndef PILOT_SELFTEST_H
#define PILOT_SELFTEST_H

#ifdef PILOT_DEBUG
int pilot_selftest(void);
int pilot_selftest_aead(void);
int pilot_selftest_batch(void);
#else
static inline int pilot_selftest(void)
{
	return 0;
}
#endif

#endif /* PILOT_SELFTEST_H */
