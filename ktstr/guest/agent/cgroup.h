/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroups (version 2). A cgroup is named by its path below the workload root, "a" or "a/b/c"; an empty path is the root
 * of the hierarchy itself. Functions that return a bool return false, with errno, if the kernel refuses.
 */
#ifndef KTSTR_AGENT_CGROUP_H
#define KTSTR_AGENT_CGROUP_H

#include <ktstr/basics.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_PATH 256 /* bytes of a path, its end included */

/* How long an operation waits for the tasks of a cgroup. */
#define CGROUP_WAIT_NS (2 * NSEC_PER_SEC)

void cgroup_setup(void);

/* Whether there is such a cgroup: one that the scheduler refused is not there. ENOENT if not. */
bool cgroup_exists(const char *cgroup);

/* A descriptor of its folder; -1, with errno, if there is none. */
int cgroup_open(const char *cgroup);

/* Makes a cgroup in which all others are made from now on. */
bool cgroup_workload_root(const char *cgroup);

/* Makes a cgroup, and those above it that are not there; each of them gives those below it the cpu and cpuset controllers. */
bool cgroup_make(const char *cgroup);

/* Makes one without giving those above it any controllers: it has those that others there have already. */
bool cgroup_add(const char *cgroup);

/* Removes a cgroup and those below it; waits while tasks that were killed are still in one. */
bool cgroup_remove(const char *cgroup);

/* Says which of the controllers cpu and cpuset those directly below a cgroup have. */
bool cgroup_give(const char *cgroup, bool cpu, bool cpuset);

/*
 * Writes a file of a cgroup. If the cgroup has no such file, it is given the file's controller first, unless that is the
 * cpu or cpuset controller. ENOENT if there is no such cgroup, EOPNOTSUPP if it has no such file.
 */
bool cgroup_write(const char *cgroup, const char *file, const char *text);

/* Reads one, as file_read() does; the same errors. */
ssize_t cgroup_read(const char *cgroup, const char *file, char *text, size_t size);

/* Waits until cgroup.events says `key` is `value`; ETIMEDOUT if it does not in time. */
bool cgroup_wait(const char *cgroup, const char *key, unsigned int value);

/* Whether it, or one above it, is frozen or is about to be. */
bool cgroup_is_frozen(const char *cgroup);

/* Moves a process into a cgroup. */
bool cgroup_move(const char *cgroup, pid_t pid);

/* The same; fails if that is not possible. */
void cgroup_attach(const char *cgroup, pid_t pid);

#endif
