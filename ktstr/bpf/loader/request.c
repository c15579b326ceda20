// SPDX-License-Identifier: GPL-2.0-only
/* Reads the loader's arguments; main.c describes them. */
#include "request.h"

#include <string.h>

#include "log.h"

static int usage(const char *what, const char *argument)
{
	say("%s%s; usage: loader <object.bpf.o> [--check] [--each folder] [--ops name] [--rodata name=value]...", what, argument);
	return -1;
}

int request_parse(char **argv, struct request *request)
{
	char **kept = argv;

	request->rodata = argv;
	for (char **arg = argv + 1; *arg; arg++) {
		if (!strcmp(*arg, "--check")) {
			request->check = true;
		} else if (!strcmp(*arg, "--each")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->each = *++arg;
		} else if (!strcmp(*arg, "--ops")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->ops = *++arg;
		} else if (!strcmp(*arg, "--rodata")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			*kept++ = *++arg;
		} else if (**arg == '-' || request->object) {
			return usage("not an argument: ", *arg);
		} else {
			request->object = *arg;
		}
	}
	*kept = NULL;
	return request->object ? 0 : usage("no object", "");
}
