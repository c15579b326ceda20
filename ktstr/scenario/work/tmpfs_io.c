// SPDX-License-Identifier: GPL-2.0-only
/* tmpfs_io: writes `kb` KiB to a file in a tmpfs, synchronizes it, and sleeps for `wait_ns`, as if a disk took so long. */
#include <ktstr/work.h>

enum { KB, WAIT_NS };

static void tmpfs_io(struct work *work)
{
	work_write(work, work_parameter(work, KB) * 1024);
	work_sleep(work, work_parameter(work, WAIT_NS));
}
KTSTR_WORK(tmpfs_io, tmpfs_io, "kb", "wait_ns");
