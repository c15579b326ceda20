// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's fw_cfg: the files that the host hands to a guest. See QEMU's docs/specs/fw_cfg. */
#include "fw_cfg.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "machine.h"

/* Integers of the directory and of requests for DMA are big-endian. */
#define DIRECTORY 0x19 /* the directory's selector */
#define DMA_READ 0x02

#define PAGE 4096

struct file {
	uint32_t size;
	uint16_t select;
	uint16_t reserved;
	char name[56];
};

struct dma {
	uint32_t control;
	uint32_t length;
	uint64_t address;
};

/* Selects a file, so that its bytes can be read; false if there is none of that name. */
static bool select_file(const char *name, size_t *length)
{
	struct file file;
	uint32_t count;

	machine_fw_cfg_select(DIRECTORY);
	machine_fw_cfg_read(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (uint32_t i = 0; i < count; i++) {
		machine_fw_cfg_read(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		*length = __builtin_bswap32(file.size);
		machine_fw_cfg_select(__builtin_bswap16(file.select));
		return true;
	}
	return false;
}

/* Memory that keeps its physical address, because QEMU writes to it: locked, and in small pages, which nothing merges. */
static void *pinned_memory(size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("fw_cfg", "memory for a file");
	madvise(memory, length, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses, and needs no advice */
	if (mlock(memory, length))
		fail_errno("fw_cfg", "locking memory for a file");
	return memory;
}

/* The physical address of a page of ours; 0 if the kernel does not say (without CONFIG_PROC_PAGE_MONITOR). */
static uint64_t physical(int pagemap, const void *page)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) != sizeof(entry))
		return 0;
	/* Bit 63: present; bits 0 to 54: the frame (the kernel's Documentation/admin-guide/mm/pagemap.rst). */
	return entry >> 63 ? (entry & ((1ULL << 55) - 1)) * PAGE : 0;
}

/*
 * Reads the selected file page by page through the DMA interface: 8 MiB take a millisecond, and a second through the
 * port. False, with nothing read, if the kernel does not say where pages are.
 */
static bool read_by_dma(char *data, size_t length)
{
	volatile struct dma *request = pinned_memory(PAGE);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t at = pagemap < 0 ? 0 : physical(pagemap, (const void *)request);

	for (size_t done = 0; at && done < length; done += PAGE) {
		uint64_t to = physical(pagemap, data + done);

		if (!to)
			fail("fw_cfg", "a locked page has no physical address");
		request->control = __builtin_bswap32(DMA_READ);
		request->length = __builtin_bswap32((uint32_t)(length - done < PAGE ? length - done : PAGE));
		request->address = __builtin_bswap64(to);
		machine_fw_cfg_dma(at);
		if (request->control)
			fail("fw_cfg", "a read by DMA failed");
	}
	if (pagemap >= 0)
		close(pagemap);
	munmap((void *)request, PAGE);
	return at;
}

char *fw_cfg_read(const char *name, size_t *length)
{
	char *data;

	if (!select_file(name, length))
		return NULL;
	data = pinned_memory(*length + 1);
	if (!read_by_dma(data, *length))
		machine_fw_cfg_read(data, *length);
	data[*length] = '\0';
	return data;
}

void fw_cfg_free(char *data, size_t length)
{
	munmap(data, length + 1);
}
