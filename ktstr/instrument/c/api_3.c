// SPDX-License-Identifier: GPL-2.0-only
/* What version 3 of the plugins' interface, and later ones, have: those of QEMU from 9.1 on. */
#include "api.h"

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *bytes, size_t room);

/* QEMU looks for it before it calls anything. */
int qemu_plugin_version = 3;

size_t insn_bytes(const struct qemu_plugin_insn *insn, void *bytes, size_t room)
{
	return qemu_plugin_insn_data(insn, bytes, room);
}
