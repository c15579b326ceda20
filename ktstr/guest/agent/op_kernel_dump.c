// SPDX-License-Identifier: GPL-2.0-only
/* kernel_dump: has the kernel write its debug dump of the attached scheduler, as at an error (SysRq-D). */
#include <ktstr/operation.h>

#include "files.h"

static bool kernel_dump(const struct arguments *arguments)
{
	(void)arguments;
	if (!file_write("/proc/sysrq-trigger", "D"))
		operation_refused("SysRq-D");
	return true;
}
KTSTR_OPERATION(kernel_dump, "", kernel_dump);
