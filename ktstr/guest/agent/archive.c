// SPDX-License-Identifier: GPL-2.0-only
/*
 * A newc archive (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst) unpacked into the guest's root:
 * the files of a job, which a clone gets after its boot.
 */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/event.h>

#define HEADER 110

/* Of the header's 13 fields of eight hex digits, the index of those that are used here. */
enum field { MODE = 1, SIZE = 6, NAME_SIZE = 11 };

static size_t read_field(const char *header, enum field field)
{
	char digits[9] = "";

	memcpy(digits, header + 6 + 8 * (size_t)field, 8);
	/* strtoul would accept a sign, and the size would wrap around the checks. */
	if (strspn(digits, "0123456789abcdefABCDEF") != 8)
		fail("files", "not a newc archive");
	return strtoul(digits, NULL, 16);
}

static size_t aligned(size_t at)
{
	return (at + 3) & ~(size_t)3;
}

static void unpack_file(const char *name, mode_t mode, const char *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 07777);

	if (fd < 0)
		fail_errno("files", name);
	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, data + done, size - done);

		if (put <= 0)
			fail_errno("files", name);
		done += (size_t)put;
	}
	if (close(fd))
		fail_errno("files", name);
}

/* The host packs files and folders only. */
void archive_unpack(const char *archive, size_t length)
{
	if (chdir("/"))
		fail_errno("files", "/");
	for (size_t at = 0; at + HEADER <= length;) {
		const char *header = archive + at, *name = header + HEADER;
		mode_t mode = (mode_t)read_field(header, MODE);
		size_t size = read_field(header, SIZE);
		size_t name_size = read_field(header, NAME_SIZE);
		size_t data = aligned(at + HEADER + name_size);

		if (memcmp(header, "070701", 6) || !name_size || data > length || size > length - data || name[name_size - 1])
			fail("files", "not a newc archive");
		if (!strcmp(name, "TRAILER!!!"))
			return;
		if (S_ISDIR(mode)) {
			if (mkdir(name, mode & 07777) && errno != EEXIST)
				fail_errno("files", name);
		} else {
			unpack_file(name, mode, archive + data, size);
		}
		at = aligned(data + size);
	}
	fail("files", "the archive ends without its trailer");
}
