// SPDX-License-Identifier: GPL-2.0-only
/* detach: stops the attached scheduler and waits until the kernel is back on its own; the workers go on. */
#include <ktstr/operation.h>

#include "instance.h"

static bool detach(const struct arguments *arguments)
{
	(void)arguments;
	return instance_detach();
}
KTSTR_OPERATION(detach, "", detach);
