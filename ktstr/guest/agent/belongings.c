// SPDX-License-Identifier: GPL-2.0-only
/* What a worker has for itself: memory, random numbers, a file. */
#include "work.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seed.h"

#define FOLDER "/tmp" /* a tmpfs */
#define CHUNK 4096

void *work_memory(struct work *work, size_t bytes)
{
	void *room;

	if (work->memory)
		return work->memory;
	room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		fail_errno("worker", "memory");
	work->memory = room;
	return room;
}

uint64_t work_random(struct work *work)
{
	/* The numbers below 2^32 are those of the workers' starts. */
	return seed_value(((uint64_t)work->index + 1) << 32 | (uint32_t)work->drawn++);
}

int work_draw_cpu(struct work *work, const cpu_set_t *cpus)
{
	uint64_t left = work_random(work) % (uint64_t)CPU_COUNT(cpus);
	int cpu = 0;

	while (!CPU_ISSET(cpu, cpus) || left--)
		cpu++;
	return cpu;
}

void work_write(struct work *work, uint64_t bytes)
{
	static const char data[CHUNK];

	if (!work->file) {
		int fd = open(FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

		if (fd < 0)
			fail_errno("worker", "a file in " FOLDER);
		work->file = fd + 1;
	}
	for (uint64_t at = 0; at < bytes; at += CHUNK) {
		size_t length = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;

		if (pwrite(work->file - 1, data, length, (off_t)at) != (ssize_t)length)
			fail_errno("worker", "writing to a file in " FOLDER);
		work_stepped(work);
	}
	if (fsync(work->file - 1))
		fail_errno("worker", "synchronizing a file in " FOLDER);
}
