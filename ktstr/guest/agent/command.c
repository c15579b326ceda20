// SPDX-License-Identifier: GPL-2.0-only
/* The commands of the declared schedulers, by name. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

#define MOST 32

static struct {
	struct command all[MOST];
	unsigned int count;
} commands;

const struct command *command_keep(const char *name, char *const argv[], uint64_t timeout_ns)
{
	struct command *command = &commands.all[commands.count];
	size_t size;
	unsigned int words = 0;

	if (commands.count == MOST)
		fail_format("scheduler", "a plan has at most %d schedulers", MOST);
	while (argv[words])
		words++;
	size = (words + 1) * sizeof(*argv);
	/* The line that is read next takes the place of this one. */
	*command = (struct command){ .name = name, .argv = malloc(size), .timeout_ns = timeout_ns };
	if (!command->argv)
		fail_errno("scheduler", "memory for its command");
	memcpy(command->argv, argv, size);
	commands.count++;
	return command;
}

const struct command *command_find(const char *name)
{
	for (unsigned int i = 0; i < commands.count; i++)
		if (!strcmp(commands.all[i].name, name))
			return &commands.all[i];
	return NULL;
}
