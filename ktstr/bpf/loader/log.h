/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and libbpf say on stderr, and the verifier's log. */
#ifndef KTSTR_LOADER_LOG_H
#define KTSTR_LOADER_LOG_H

#include <bpf/libbpf.h>

void log_start(void);

/* Forgets the first warning: it was about another program. */
void log_forget(void);

/* A line on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* libbpf's first warning: the later ones are its consequences. */
const char *log_first_warning(void);

/* Keeps the verifier's log of every program that is refused. Returns 0, or -1 having said why not. */
int log_collect(struct bpf_object *object);

/* Writes the verifier's log if a program was refused. Returns that program's name, or NULL, and the reason. */
const char *log_report(struct bpf_object *object, const char **reason);

#endif
