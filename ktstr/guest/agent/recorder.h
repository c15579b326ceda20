/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder: the last scheduling events before a scheduler's exit. */
#ifndef KTSTR_AGENT_RECORDER_H
#define KTSTR_AGENT_RECORDER_H

#include <ktstr/basics.h>

/* Makes the kernel's ring, before the guest is kept, because it takes long. A kernel without the tracer has none. */
void recorder_prepare(void);

/* Starts recording; the ring keeps the last events of every CPU. */
void recorder_start(void);

/* Freezes the ring. */
void recorder_stop(void);

/* Reports what was recorded, in the kernel's own words, and ends the recorder. */
void recorder_emit(void);

/* The same, further back. */
void recorder_look(void);

#endif
