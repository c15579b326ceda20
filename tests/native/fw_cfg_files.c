// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fw_cfg device with a directory of two files, which fw_cfg.c reads through the port: pages have no physical address
 * here. Writes the file named on the command line to stdout; status 1 if there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static const struct {
	uint32_t size;
	uint16_t select, reserved;
	char name[56];
} directory[] = {
	{ __builtin_bswap32(5), __builtin_bswap16(0x20), 0, "opt/ktstr/plan" },
	{ __builtin_bswap32(0), __builtin_bswap16(0x21), 0, "opt/ktstr/empty" },
	/* A name of all 56 bytes has no zero byte at its end. */
	{ __builtin_bswap32(2), __builtin_bswap16(0x22), 0, "opt/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};
static char listing[4 + sizeof(directory)];
static const char *selected;
static size_t left;

void machine_fw_cfg_select(uint16_t file)
{
	const uint32_t count = __builtin_bswap32(sizeof(directory) / sizeof(directory[0]));

	memcpy(listing, &count, sizeof(count));
	memcpy(listing + 4, directory, sizeof(directory));
	selected = file == 0x19 ? listing : file == 0x20 ? "hello" : file == 0x22 ? "ab" : "";
	left = file == 0x19 ? sizeof(listing) : strlen(selected);
}

void machine_fw_cfg_read(void *to, size_t length)
{
	if (length > left)
		exit(3);
	memcpy(to, selected, length);
	selected += length;
	left -= length;
}

void machine_fw_cfg_dma(uint64_t address)
{
	(void)address;
	exit(4);
}

static int open_none(const char *path, int flags)
{
	(void)path, (void)flags;
	return -1;
}

#include <fcntl.h>
#include <sys/mman.h>
#define open open_none
#include "fw_cfg.c"

int main(int argc, char **argv)
{
	size_t length;
	char *data = argc == 2 ? fw_cfg_read(argv[1], &length) : NULL;

	if (!data)
		return 1;
	fwrite(data, 1, length + 1, stdout);
	fw_cfg_free(data, length);
	return 0;
}
