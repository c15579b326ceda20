// SPDX-License-Identifier: GPL-2.0-only
/* greet NAME: reports the name. */
#include <ktstr/operation.h>

static bool greet(const struct arguments *arguments)
{
	emit_begin("greeted");
	emit_text("name", argument_text(arguments, "name"));
	emit_end();
	return true;
}
KTSTR_OPERATION(greet, "name", greet);
