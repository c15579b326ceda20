/* SPDX-License-Identifier: GPL-2.0-only */
/* The load of one program by libbpf, watched: a program that the kernel refuses does not end the load of its object. */
#ifndef KTSTR_LOADER_PROG_LOAD_H
#define KTSTR_LOADER_PROG_LOAD_H

#include <bpf/libbpf.h>

struct watcher {
	/*
	 * Told of each program of a watched object, in its order: its descriptor, which libbpf keeps, or -errno. `log` is
	 * what the verifier wrote: the statistics of an accepted program, the whole log of a refused one.
	 */
	void (*decided)(struct watcher *watcher, const char *name, int fd, char *log);
};

/* Makes the programs of an object that are to be loaded watched ones. Returns 0, or -1 having said why not. */
int prog_load_watch(struct watcher *watcher, struct bpf_object *object);

/* No program is watched any more. */
void prog_load_unwatch(void);

#endif
