/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's clock: CLOCK_MONOTONIC, in ns. Under the virtual clock it advances with instructions, not with the host. */
#ifndef KTSTR_CLOCK_H
#define KTSTR_CLOCK_H

#include <ktstr/basics.h>

/* Now, in ns since the guest's boot. */
uint64_t now_ns(void);

/* Sleeps until the clock says `when_ns`; returns at once if that has passed. */
void sleep_until(uint64_t when_ns);

#endif
