// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unpacks the archive on stdin into the folder in which it is started, and no further. archive.c is as it is, but for
 * the paths. The archive has a buffer of just its size, and a zero byte after it as fw_cfg_read gives it.
 */
#include <ktstr/basics.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *guarded(const char *path)
{
	if (*path == '/' || strstr(path, "..")) {
		puts("out of the folder");
		exit(3);
	}
	return *path ? path : ".";
}

static int to_root(const char *path) { return strcmp(path, "/"); }
static int open_here(const char *path, int flags, mode_t mode) { return open(guarded(path), flags, mode); }
static int mkdir_here(const char *path, mode_t mode) { return mkdir(guarded(path), mode); }

#define chdir to_root
#define open open_here
#define mkdir mkdir_here
#include "archive.c"

int main(void)
{
	static char read_in[1 << 20];
	size_t length = fread(read_in, 1, sizeof(read_in), stdin);
	char *archive = malloc(length + 1);

	memcpy(archive, read_in, length);
	archive[length] = '\0';
	archive_unpack(archive, length);
	free(archive);
	return 0;
}
