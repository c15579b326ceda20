// SPDX-License-Identifier: GPL-2.0-only
/* read_globals PATH...: reports globals of the scheduler, an event `global` for each. */
#include <ktstr/operation.h>

#include "global.h"
#include "number.h"

static void emit_name(const char *name)
{
	emit_begin("global_known");
	emit_text("name", name);
	emit_end();
}

static void refuse(const char *path, const struct global *global)
{
	emit_begin("global_refused");
	emit_text("path", path);
	emit_text("why", global->number.wrong);
	emit_end();
	if (global->number.wanted)
		global_names(emit_name);
}

static bool read_globals(const struct arguments *arguments)
{
	for (char *const *path = arguments_from(arguments, "path"); *path; path++) {
		struct global global;

		if (!global_read(*path, &global)) {
			refuse(*path, &global);
			return false;
		}
		emit_begin("global");
		emit_text("path", *path);
		number_emit("value", &global.number, global.value);
		emit_end();
	}
	return true;
}
KTSTR_OPERATION(read_globals, "path...", read_globals);
