// SPDX-License-Identifier: GPL-2.0-only
/*
 * phased: goes through a list of phases, over and over: `spin:NS` computes, `sleep:NS` sleeps, `yield:N` yields so often,
 * a step before each, and `io:BYTES` writes to a file in a tmpfs.
 */
#include <ktstr/work.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PHASES };

static void yields(struct work *work, uint64_t count)
{
	while (count--) {
		work_step(work);
		work_yield(work);
	}
}

/* Carries out the phase that begins at `text`; returns its end, or NULL if that is no phase. */
static const char *carry_out(struct work *work, const char *text)
{
	static const struct {
		const char *name;
		void (*phase)(struct work *work, uint64_t amount);
	} kinds[] = { { "spin:", work_burst }, { "sleep:", work_sleep }, { "yield:", yields }, { "io:", work_write } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t length = strlen(kinds[i].name);
		uint64_t amount;
		char *end;

		if (strncmp(text, kinds[i].name, length))
			continue;
		errno = 0;
		amount = strtoull(text + length, &end, 10);
		if (text[length] < '0' || text[length] > '9' || errno || !amount)
			return NULL;
		kinds[i].phase(work, amount);
		return end;
	}
	return NULL;
}

static void phased(struct work *work)
{
	const char *phases = work_text(work, PHASES), *at = phases;

	do {
		at = carry_out(work, at);
		if (!at || (*at && *at != ','))
			fail_format("plan", "spawn: phased: phases=%s: must be a list such as spin:1000000,yield:1", phases);
	} while (*at++);
}
KTSTR_WORK(phased, phased, "phases:text");
