/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes to the global variables of a scheduler. */
#ifndef KTSTR_AGENT_WRITE_H
#define KTSTR_AGENT_WRITE_H

#include <ktstr/basics.h>

/* A variable and its new value, as the plan has them. */
struct write_request {
	const char *map, *variable, *value;
};

/* Writes at once. False if it cannot be done; an event says why. */
bool write_now(const struct write_request *request);

/* Writes `at_ns` after the next hold begins. False if it cannot be done; an event says why. */
bool write_later(const struct write_request *request, uint64_t at_ns);

/* When, of `ns` and the next write, is first; both from the start of the hold. */
uint64_t write_before(uint64_t ns);

/* Does the writes that are due `ns` after the start of the hold. */
void write_due(uint64_t ns);

#endif
