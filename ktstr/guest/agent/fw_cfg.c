// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's fw_cfg: the files that the host hands to a guest. See QEMU's docs/specs/fw_cfg. */
#include "agent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

/* A 16-bit selector, then bytes; integers of the directory and of the DMA interface are big-endian. */
#define PORT_SELECT 0x510
#define PORT_DATA 0x511
#define DIRECTORY 0x19

/* The physical address of a request for DMA, in halves; writing the low one carries it out. */
#define PORT_DMA_HIGH 0x514
#define PORT_DMA_LOW 0x518
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

/* glibc's insb does not tell the compiler that it writes memory. */
static void read_bytes(void *to, size_t length)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(length) : "d"(PORT_DATA) : "memory");
}

/* Selects a file, so that its bytes can be read; false where there is none of that name. */
static bool find(const char *name, size_t *length)
{
	struct file file;
	uint32_t count;

	outw(DIRECTORY, PORT_SELECT);
	read_bytes(&count, sizeof(count));
	count = __builtin_bswap32(count);
	for (uint32_t i = 0; i < count; i++) {
		read_bytes(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		*length = __builtin_bswap32(file.size);
		outw(__builtin_bswap16(file.select), PORT_SELECT);
		return true;
	}
	return false;
}

/* Memory that stays where it is, because QEMU writes to it: locked, and in small pages, which nobody merges. */
static void *still_memory(size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("fw_cfg", "memory for a file");
	madvise(memory, length, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses, and needs no advice */
	if (mlock(memory, length))
		fail_errno("fw_cfg", "locking memory for a file");
	return memory;
}

/* The physical address of a page of ours; 0 where the kernel does not tell (without CONFIG_PROC_PAGE_MONITOR). */
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
 * port. False, with nothing read, where physical addresses are not to be had.
 */
static bool read_by_dma(char *data, size_t length)
{
	volatile struct dma *request = still_memory(PAGE);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t at = pagemap < 0 ? 0 : physical(pagemap, (const void *)request);

	for (size_t done = 0; at && done < length; done += PAGE) {
		uint64_t to = physical(pagemap, data + done);

		if (!to)
			fail("fw_cfg", "a locked page has no physical address");
		request->control = __builtin_bswap32(DMA_READ);
		request->length = __builtin_bswap32((uint32_t)(length - done < PAGE ? length - done : PAGE));
		request->address = __builtin_bswap64(to);
		outl(__builtin_bswap32((uint32_t)(at >> 32)), PORT_DMA_HIGH);
		outl(__builtin_bswap32((uint32_t)at), PORT_DMA_LOW);
		if (request->control)
			fail("fw_cfg", "a read by DMA failed");
	}
	if (pagemap >= 0)
		close(pagemap);
	munmap((void *)request, PAGE);
	return at;
}

/* The file with a zero byte behind it; NULL where there is none of that name. Freed with fw_cfg_free. */
char *fw_cfg_read(const char *name, size_t *length)
{
	char *data;

	if (!find(name, length))
		return NULL;
	data = still_memory(*length + 1);
	if (!read_by_dma(data, *length))
		read_bytes(data, *length);
	data[*length] = '\0';
	return data;
}

void fw_cfg_free(char *data, size_t length)
{
	munmap(data, length + 1);
}
