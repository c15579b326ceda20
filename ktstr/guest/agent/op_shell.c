// SPDX-License-Identifier: GPL-2.0-only
/* shell ENDS ROWS COLUMNS LOG PROGRAM ARGUMENT...: runs a program that the host talks to. */
#include <ktstr/operation.h>

#include <string.h>

#include "shell.h"

/* Of two words the one that `name` must be; true if it is the first. */
static bool is_first(const struct arguments *arguments, const char *name, const char *first, const char *second,
		     const char *accepted)
{
	const char *text = argument_text(arguments, name);

	if (strcmp(text, first) && strcmp(text, second))
		argument_refuse(arguments, name, accepted);
	return !strcmp(text, first);
}

static bool shell(const struct arguments *arguments)
{
	struct shell_request request = {
		.terminal = is_first(arguments, "ends", "terminal", "pipes", "must be terminal or pipes"),
		.kernel_log = is_first(arguments, "log", "kernel", "-", "must be kernel or -"),
		.rows = argument_u32(arguments, "rows"),
		.columns = argument_u32(arguments, "columns"),
		.argv = arguments_from(arguments, "program"),
	};

	shell_run(&request);
	return true;
}
KTSTR_OPERATION(shell, "ends rows:u32 columns:u32 log program argument...", shell);
