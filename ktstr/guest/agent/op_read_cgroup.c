// SPDX-License-Identifier: GPL-2.0-only
/* read_cgroup CGROUP FILE: reports what a file of a cgroup says. */
#include <ktstr/operation.h>

#include "cgroup.h"

#define TEXT_BYTES 4096

static bool read_cgroup(const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup"), *file = argument_text(arguments, "file");
	char text[TEXT_BYTES];

	if (cgroup_read(cgroup, file, text, sizeof(text)) < 0) {
		operation_refused(file);
		return true;
	}
	emit_begin("cgroup_file");
	emit_text("cgroup", cgroup);
	emit_text("file", file);
	emit_text("text", text);
	emit_end();
	return true;
}
KTSTR_OPERATION(read_cgroup, "cgroup file", read_cgroup);
