// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports to ktstr why a scheduler ended.
 *
 * A scheduler that includes this and calls ktstr_record_exit(info) from its ops.exit has its exit noticed at
 * once and reported with kind, code, reason and message. One that does not is watched through sysfs instead,
 * and only the kernel's log has the reason.
 */
#ifndef KTSTR_EXIT_BPF_H
#define KTSTR_EXIT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <ktstr/exit.h>

/* A ring buffer and not a global: it wakes the loader, which would have to poll a global under the scheduler. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ktstr_exit SEC(".maps");

static __always_inline void ktstr_record_exit(const struct scx_exit_info *info)
{
	struct ktstr_exit_record *record = bpf_ringbuf_reserve(&ktstr_exit, sizeof(*record), 0);

	if (!record)
		return;
	record->kind = BPF_CORE_READ(info, kind);
	record->code = BPF_CORE_READ(info, exit_code);
	record->reason[0] = '\0';
	record->message[0] = '\0';
	bpf_probe_read_kernel_str(record->reason, sizeof(record->reason), BPF_CORE_READ(info, reason));
	bpf_probe_read_kernel_str(record->message, sizeof(record->message), BPF_CORE_READ(info, msg));
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

#endif
