/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF that is read from the kernel. */
#ifndef KTSTR_AGENT_BTF_LOAD_H
#define KTSTR_AGENT_BTF_LOAD_H

#include "btf.h"

/* Reads the BTF that the kernel has under `id`, unless `btf` has it already. False if the kernel no longer has it. */
bool btf_load(struct btf *btf, uint32_t id);

/* Reads the kernel's own BTF. False if it has none. */
bool btf_load_kernel(struct btf *btf);

#endif
