// SPDX-License-Identifier: GPL-2.0-only
/* write WHEN MAP VARIABLE VALUE: writes to a scheduler's variable, at once (-) or so many ns into the hold. */
#include <ktstr/operation.h>

#include <string.h>

#include "write.h"

#define AT_ONCE "-"

static bool write_variable(const struct arguments *arguments)
{
	struct write_request request = {
		.map = argument_text(arguments, "map"),
		.variable = argument_text(arguments, "variable"),
		.value = argument_text(arguments, "value"),
	};

	if (!strcmp(argument_text(arguments, "when"), AT_ONCE))
		return write_now(&request);
	return write_later(&request, argument_u64(arguments, "when"));
}
KTSTR_OPERATION(write, "when map variable value", write_variable);
