// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_payload NAME CGROUP TIMEOUT_NS VARIABLES VARIABLE=VALUE... PROGRAM ARGUMENT...: starts a program in a cgroup of its own.
 * It waits for the hold. VARIABLES is how many variables of its environment there are before the program.
 */
#include <ktstr/operation.h>

#include "cgroup.h"
#include "payload.h"

static bool run_payload(const struct arguments *arguments)
{
	char *const *words = arguments_from(arguments, "word");
	uint32_t variables = argument_u32(arguments, "variables");

	for (uint32_t i = 0; i <= variables; i++)
		if (!words[i])
			argument_refuse(arguments, "variables", "there are fewer words, and no program after them");
	if (!cgroup_exists(argument_text(arguments, "cgroup"))) {
		operation_refused("cgroup");
		return true;
	}
	payload_start(argument_text(arguments, "name"), argument_text(arguments, "cgroup"),
		      argument_u64(arguments, "timeout_ns"), words, variables, words + variables);
	return true;
}
KTSTR_OPERATION(run_payload, "name cgroup timeout_ns:u64 variables:u32 word...", run_payload);
