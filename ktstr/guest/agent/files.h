/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of procfs, sysfs and cgroupfs. */
#ifndef KTSTR_AGENT_FILES_H
#define KTSTR_AGENT_FILES_H

#include <ktstr/basics.h>

/* The file's text without its last newlines, cut at `size` - 1 bytes; its length, or -1 and errno if it cannot be read. */
ssize_t file_read(const char *path, char *buffer, size_t size);

/* Writes the text in one write(2); false, with errno, if that fails. */
bool file_write(const char *path, const char *text);

#endif
