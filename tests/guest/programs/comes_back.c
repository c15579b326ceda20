// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler's program that attaches again whenever its BPF was ejected. */
#include "embedded.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_attached(void)
{
	char state[16] = "";
	FILE *file = fopen("/sys/kernel/sched_ext/state", "r");

	if (!file || !fgets(state, sizeof(state), file))
		return false;
	fclose(file);
	return strncmp(state, "disabled", 8);
}

int main(void)
{
	for (;;) {
		struct bpf_object *bpf = attach_embedded();

		if (!bpf)
			return 1;
		puts("attached");
		fflush(stdout);
		while (is_attached())
			usleep(1000);
		bpf_object__close(bpf);
	}
}
