/* SPDX-License-Identifier: GPL-2.0-only */
/* An archive of files, unpacked into the guest. */
#ifndef KTSTR_AGENT_ARCHIVE_H
#define KTSTR_AGENT_ARCHIVE_H

#include <ktstr/basics.h>

/* Unpacks a newc archive into the guest's root. Fails on a damaged one, having read nothing outside its `length` bytes. */
void archive_unpack(const char *archive, size_t length);

#endif
