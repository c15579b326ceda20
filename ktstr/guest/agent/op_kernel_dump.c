// SPDX-License-Identifier: GPL-2.0-only
/* kernel_dump: has the kernel write its debug dump of the attached scheduler, as at an error (SysRq-D). */
#include <ktstr/operation.h>

#include "kernel_dump.h"

static bool kernel_dump(const struct arguments *arguments)
{
	(void)arguments;
	kernel_dump_ask();
	return true;
}
KTSTR_OPERATION(kernel_dump, "", kernel_dump);
