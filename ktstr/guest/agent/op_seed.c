// SPDX-License-Identifier: GPL-2.0-only
/* seed NUMBER: all that is random in the guest follows from it. */
#include <ktstr/operation.h>

#include "seed.h"

static bool seed(const struct arguments *arguments)
{
	seed_set(argument_u64(arguments, "seed"));
	return true;
}
KTSTR_OPERATION(seed, "seed:u64", seed);
