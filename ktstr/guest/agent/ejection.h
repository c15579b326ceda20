/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's log says of a scheduler that is being enabled: whether it was ejected instead. */
#ifndef KTSTR_AGENT_EJECTION_H
#define KTSTR_AGENT_EJECTION_H

#include <ktstr/basics.h>

struct ejection {
	int log; /* /dev/kmsg; -1: there is none */
	uint64_t at_ns; /* when the last one was noticed; 0: none so far */
};

/* Begins to follow the log, from its end. */
void ejection_begin(struct ejection *ejection);

/* Whether a scheduler was ejected since, so long ago that its program would have attached it again by now. */
bool ejection_final(struct ejection *ejection);

void ejection_end(struct ejection *ejection);

#endif
