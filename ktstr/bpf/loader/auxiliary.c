// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs of an object beside its struct_ops. The userspace program of a scheduler attaches them (its skeleton
 * does), before the scheduler; so do we for one that has none.
 */
#include "auxiliary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static int undo(struct bpf_link **links, int count)
{
	while (count)
		bpf_link__destroy(links[--count]);
	return -1;
}

int auxiliary_attach(struct bpf_object *object, struct bpf_link **links, int most)
{
	struct bpf_program *program;
	int count = 0;

	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program), *section = bpf_program__section_name(program);

		if (bpf_program__type(program) == BPF_PROG_TYPE_STRUCT_OPS)
			continue;
		if (!bpf_program__autoload(program)) {
			say("program %s is not loaded: SEC(\"%s\") leaves that to a userspace program", name, section);
			continue;
		}
		/* --run is for these. */
		if (bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL)
			continue;
		if (count == most) {
			say("more than %d programs to attach", most);
			return undo(links, count);
		}
		links[count] = bpf_program__attach(program);
		if (links[count]) {
			printf("also attached %s (%s)\n", name, section);
			count++;
		} else if (errno == EOPNOTSUPP || errno == ESRCH) {
			say("program %s is loaded and not attached: SEC(\"%s\") does not say to what", name, section);
		} else {
			say("attaching program %s was refused by the kernel: %s", name, strerror(errno));
			return undo(links, count);
		}
	}
	return count;
}
