// SPDX-License-Identifier: GPL-2.0-only
/* page_fault: maps `kb` KiB, writes to each page, which the kernel then has to provide, and unmaps them. */
#include <ktstr/work.h>

#include <errno.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096

enum { KB };

static void page_fault(struct work *work)
{
	size_t bytes = work_parameter(work, KB) * 1024;
	volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("worker", "memory for page faults");
	/* A huge page would be one fault. A kernel without them refuses the advice. */
	if (madvise((void *)memory, bytes, MADV_NOHUGEPAGE) && errno != EINVAL)
		fail_errno("worker", "madvise");
	for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
		memory[at] = 1;
		work_stepped(work);
	}
	if (munmap((void *)memory, bytes))
		fail_errno("worker", "unmapping memory");
}
KTSTR_WORK(page_fault, page_fault, "kb");
