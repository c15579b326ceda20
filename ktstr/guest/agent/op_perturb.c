// SPDX-License-Identifier: GPL-2.0-only
/* perturb CPU AT_NS NS: has that CPU's perturber run for so long, so many ns after the start of the hold. */
#include <ktstr/operation.h>

#include "perturb.h"
#include "system.h"

static bool perturb(const struct arguments *arguments)
{
	uint32_t cpu = argument_u32(arguments, "cpu");

	if (!perturb_enabled())
		fail("plan", "perturb: the operation perturber must come before it");
	if (cpu >= system_cpus())
		argument_refuse(arguments, "cpu", "the guest has no such CPU");
	perturb_add(cpu, argument_u64(arguments, "at_ns"), argument_u64(arguments, "ns"));
	return true;
}
KTSTR_OPERATION(perturb, "cpu:u32 at_ns:u64 ns:u64", perturb);
