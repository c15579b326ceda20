/* SPDX-License-Identifier: GPL-2.0-only */
/* The numbers in small files: sched_ext's event counters, pressure stall information, a cgroup's files. */
#ifndef KTSTR_AGENT_MONITOR_FILES_H
#define KTSTR_AGENT_MONITOR_FILES_H

/* Has the file at `path` read in each sample; `name` is the source of its columns. */
void monitor_files_add(const char *path, const char *name);

/* A file that is not there, or not there yet, has no columns in the sample. */
void monitor_files_read(void);

#endif
