// SPDX-License-Identifier: GPL-2.0-only
/* phase NAME: a step of the scenario begins; what follows, up to the end of its hold, belongs to it. */
#include <ktstr/operation.h>

static bool phase(const struct arguments *arguments)
{
	emit_begin("phase");
	emit_text("name", argument_text(arguments, "name"));
	emit_end();
	return true;
}
KTSTR_OPERATION(phase, "name", phase);
