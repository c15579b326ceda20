// SPDX-License-Identifier: GPL-2.0-only
/* Reads the loader's arguments; main.c describes them. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static int usage(const char *what, const char *argument)
{
	say("%s%s; usage: loader <object.bpf.o> [--check] [--each folder] [--ops name] [--rodata name=value]..."
	    " [--set path=value]... [--run program[=number,...]]... [--then program[=number,...]]..."
	    " [--program name=0|1]... [--watchdog ms]",
	    what, argument);
	return -1;
}

int request_parse(char **argv, struct request *request)
{
	char **kept = argv;
	size_t arguments = 0, values = 0, runs = 0, then = 0, programs = 0;

	request->rodata = argv;
	for (char **arg = argv; *arg; arg++)
		arguments++;
	request->values = calloc(arguments + 1, sizeof(*request->values));
	request->runs = calloc(arguments + 1, sizeof(*request->runs));
	request->then = calloc(arguments + 1, sizeof(*request->then));
	request->programs = calloc(arguments + 1, sizeof(*request->programs));
	if (!request->values || !request->runs || !request->then || !request->programs) {
		say("out of memory");
		return -1;
	}
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
		} else if (!strcmp(*arg, "--run")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->runs[runs++] = *++arg;
		} else if (!strcmp(*arg, "--then")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->then[then++] = *++arg;
		} else if (!strcmp(*arg, "--program")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->programs[programs++] = *++arg;
		} else if (!strcmp(*arg, "--set")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->values[values++] = *++arg;
		} else if (!strcmp(*arg, "--watchdog")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->watchdog_ms = (unsigned int)strtoul(*++arg, NULL, 10);
			if (!request->watchdog_ms)
				return usage("no number of ms: ", *arg);
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
