// SPDX-License-Identifier: GPL-2.0-only
/* What only version 1 of the plugins' interface, that of QEMU up to 8.2, and version 2 have. */
#include <string.h>

#include "api.h"

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1
#endif

/* QEMU looks for it before it calls anything. */
int qemu_plugin_version = PLUGIN_VERSION;

size_t insn_bytes(const struct qemu_plugin_insn *insn, void *bytes, size_t room)
{
	size_t size = qemu_plugin_insn_size(insn);

	if (size > room)
		size = room;
	memcpy(bytes, qemu_plugin_insn_data(insn), size);
	return size;
}
