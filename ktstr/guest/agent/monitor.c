// SPDX-License-Identifier: GPL-2.0-only
/* The monitor: its period, and what one sample is. */
#include "monitor.h"

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "btf_load.h"
#include "kernel_memory.h"
#include "monitor_columns.h"
#include "monitor_cpus.h"
#include "monitor_dsqs.h"
#include "monitor_files.h"
#include "monitor_stats.h"
#include "monitor_variables.h"

static struct {
	uint64_t period_ns; /* 0: off */
	uint64_t next_ns;   /* from the start of the hold */
} monitor;

void monitor_set(uint64_t period_ns)
{
	struct btf btf = { 0 };

	monitor.period_ns = period_ns;
	if (!kernel_memory_open())
		fail_errno("monitor", "loading BPF programs that read the kernel's memory");
	if (!btf_load_kernel(&btf))
		fail("monitor", "the kernel has no type information (CONFIG_DEBUG_INFO_BTF)");
	monitor_cpus_open(&btf);
	monitor_dsqs_open(&btf);
	btf_free(&btf);
}

void monitor_add_variable(const char *name)
{
	monitor_variables_add(name);
}

void monitor_add_file(const char *path, const char *name)
{
	monitor_files_add(path, name);
}

void monitor_add_stats(const char *path)
{
	monitor_stats_add(path);
}

void monitor_rescheduled(void)
{
	if (!monitor.period_ns)
		return;
	monitor_variables_find();
	monitor_dsqs_find();
}

void monitor_begin(void)
{
	if (!monitor.period_ns)
		return;
	monitor.next_ns = monitor.period_ns;
	emit_begin("monitor");
	emit_u64("period_ns", monitor.period_ns);
	emit_u64("cpus", monitor_cpus_count());
	emit_end();
	columns_forget();
	monitor_rescheduled();
}

uint64_t monitor_before(uint64_t ns)
{
	return monitor.period_ns && monitor.next_ns < ns ? monitor.next_ns : ns;
}

/*
 * What changes fastest is read first. Columns and DSQs that are new are events of their own, which come before the
 * sample; so all is read before any of it is reported.
 */
static void take(void)
{
	uint64_t at_ns = now_ns();

	monitor_cpus_read();
	monitor_dsqs_read();
	columns_begin();
	monitor_variables_read();
	monitor_files_read();
	monitor_stats_read();
	emit_begin("sample");
	emit_u64("at_ns", at_ns);
	monitor_cpus_emit();
	monitor_dsqs_emit();
	columns_emit();
	emit_end();
}

void monitor_due(uint64_t ns)
{
	if (!monitor.period_ns || ns < monitor.next_ns)
		return;
	take();
	monitor.next_ns += monitor.period_ns;
}
