// SPDX-License-Identifier: GPL-2.0-only
/* take_cpu CPU: takes a CPU offline behind the agent's back, so nothing brings it back. */
#include <ktstr/operation.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool take_cpu(const struct arguments *arguments)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%llu/online",
		 (unsigned long long)argument_u64(arguments, "cpu"));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return false;
	return close(fd) == 0;
}
KTSTR_OPERATION(take_cpu, "cpu:u64", take_cpu);
