// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches on kernels whose schedulers have no sub-schedulers, and fails on the others, as one that was written before
 * these does if it trips over them. Kernels have `sub_attach` in `struct sched_ext_ops` from 7.1 on.
 */
#include <ktstr/sched_ext.bpf.h>

/* What is looked for has a type of its own: the one that this is compiled with may lack it. */
struct sched_ext_ops___with_subs {
	void *sub_attach;
} __attribute__((preserve_access_index));

SCX_SLEEPABLE_CALLBACK(s32, choosy_init)
{
	/* No scx_bpf_error(): Debian's 7.1.3 and 7.1.13 do not say how it is called. */
	return bpf_core_field_exists(((struct sched_ext_ops___with_subs *)0)->sub_attach) ? -95 /* EOPNOTSUPP */ : 0;
}

SCX_SLEEPABLE_CALLBACK(void, choosy_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(choosy_ops,
	.init = (void *)choosy_init,
	.exit = (void *)choosy_exit,
	.name = "choosy");
