// SPDX-License-Identifier: GPL-2.0-only
/* The guest's mounts, and what its sysfs says about its CPUs. */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "files.h"

#define CPUS "/sys/devices/system/cpu/"

static void mount_at(const char *type, const char *where)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		fail_errno("mkdir", where);
	/* The kernel may have mounted devtmpfs itself (CONFIG_DEVTMPFS_MOUNT). */
	if (mount("ktstr", where, type, 0, NULL) && errno != EBUSY)
		fail_errno("mount", where);
}

void system_mount(void)
{
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	mount_at("tmpfs", "/tmp");
	mount_at("tmpfs", "/run");
	mount_at("bpf", "/sys/fs/bpf");
	mount_at("cgroup2", "/sys/fs/cgroup");
	/* A kernel may lack any of them; those who read them notice. */
	mount("ktstr", "/sys/kernel/security", "securityfs", 0, NULL);
	mount("ktstr", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("ktstr", "/sys/kernel/tracing", "tracefs", 0, NULL);
}

/* One more than the last number of a list of CPUs, "0-2,5". */
static unsigned int end_of_list(const char *file)
{
	char text[4096], *last;

	if (file_read(file, text, sizeof(text)) <= 0)
		fail_errno("system", file);
	last = text + strlen(text);
	while (last > text && last[-1] >= '0' && last[-1] <= '9')
		last--;
	return (unsigned int)strtoul(last, NULL, 10) + 1;
}

unsigned int system_cpus(void)
{
	return end_of_list(CPUS "present");
}

unsigned int system_possible_cpus(void)
{
	return end_of_list(CPUS "possible");
}

unsigned int system_last_online(void)
{
	return end_of_list(CPUS "online") - 1;
}

bool system_online(unsigned int cpu)
{
	char text[4096], *at, *end;

	if (file_read(CPUS "online", text, sizeof(text)) <= 0)
		fail_errno("system", CPUS "online");
	for (at = text; *at; at = *end == ',' ? end + 1 : end) {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
	}
	return false;
}

static void emit_cpu_file(const char *key, unsigned int cpu, const char *file)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), CPUS "cpu%u/%s", cpu, file);
	emit_text(key, file_read(path, text, sizeof(text)) < 0 ? "" : text);
}

/* The kB of a NUMA node that the kernel manages: all but what it took for itself while it booted. */
static uint64_t node_memory_kb(unsigned int node)
{
	char path[96], text[1024], *total;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
	if (file_read(path, text, sizeof(text)) < 0 || !(total = strstr(text, "MemTotal:")))
		return 0;
	return strtoull(total + strlen("MemTotal:"), NULL, 10);
}

static void describe_node(unsigned int node)
{
	char path[96], text[4096];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
	if (file_read(path, text, sizeof(text)) < 0)
		return;
	emit_begin("node");
	emit_u64("node", node);
	emit_text("cpus", text);
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/distance", node);
	emit_text("distances", file_read(path, text, sizeof(text)) < 0 ? "" : text);
	emit_u64("memory_kb", node_memory_kb(node));
	emit_end();
}

/* One past the highest number in a file of sysfs that lists numbers, such as 0-3,7; 0 if it cannot be read. */
static unsigned int numbers_listed(const char *path)
{
	char text[4096], *last;

	if (file_read(path, text, sizeof(text)) <= 0)
		return 0;
	last = text + strcspn(text, "\n");
	while (last > text && last[-1] >= '0' && last[-1] <= '9')
		last--;
	return (unsigned int)strtoul(last, NULL, 10) + 1;
}

void system_describe(void)
{
	unsigned int cpus = system_cpus(), nodes = numbers_listed("/sys/devices/system/node/online");
	struct utsname name;
	struct sysinfo memory;
	char text[512];

	if (uname(&name) || sysinfo(&memory))
		fail_errno("system", "uname or sysinfo");
	emit_begin("boot");
	emit_text("release", name.release);
	emit_text("version", name.version);
	emit_u64("cpus", cpus);
	emit_u64("memory", (uint64_t)memory.totalram * memory.mem_unit);
	if (file_read("/sys/devices/system/clocksource/clocksource0/current_clocksource", text, sizeof(text)) >= 0)
		emit_text("clocksource", text);
	emit_end();
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		emit_begin("cpu");
		emit_u64("cpu", cpu);
		emit_u64("online", system_online(cpu));
		emit_cpu_file("core", cpu, "topology/core_id");
		emit_cpu_file("package", cpu, "topology/physical_package_id");
		emit_cpu_file("package_cpus", cpu, "topology/package_cpus_list");
		emit_cpu_file("die_cpus", cpu, "topology/die_cpus_list");
		emit_cpu_file("threads", cpu, "topology/thread_siblings_list");
		emit_cpu_file("llc", cpu, "cache/index3/shared_cpu_list");
		emit_end();
	}
	for (unsigned int node = 0; node < nodes; node++)
		describe_node(node);
}
