// SPDX-License-Identifier: GPL-2.0-only
/* perturber: gives the next hold a real-time process on every CPU. */
#include <ktstr/operation.h>

#include "perturb.h"

static bool perturber(const struct arguments *arguments)
{
	(void)arguments;
	perturb_enable();
	return true;
}
KTSTR_OPERATION(perturber, "", perturber);
