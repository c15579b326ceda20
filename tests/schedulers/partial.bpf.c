// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches without taking over: with SCX_OPS_SWITCH_PARTIAL only tasks of policy SCHED_EXT are its own, so that
 * ordinary workers stay with the kernel's default scheduler.
 *
 * Pins: that a test of such a scheduler fails, although it is attached all the time.
 */
#include <ktstr/sched_ext.bpf.h>

SCX_SLEEPABLE_CALLBACK(void, partial_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(partial_ops,
	.exit = (void *)partial_exit,
	.flags = SCX_OPS_SWITCH_PARTIAL,
	.name = "partial");
