/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of what the kernel numbers. */
#ifndef PILOT_LINK_TEXT_H
#define PILOT_LINK_TEXT_H

#include <linux/pilot.h>
#include <stdint.h>

#define TEXT_LEN	96

const char *text_cipher(uint8_t cipher);
const char *text_slot(uint8_t slot);
const char *text_event(uint8_t type);
const char *text_reason(uint8_t reason);
const char *text_peer_flag(unsigned int bit);
void text_in6(uint64_t address, char text[TEXT_LEN]);

#endif /* PILOT_LINK_TEXT_H */
