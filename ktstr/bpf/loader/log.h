/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader and libbpf say on stderr, and the verifier's log. */
#ifndef KTSTR_LOADER_LOG_H
#define KTSTR_LOADER_LOG_H

#include <stdbool.h>

#include <bpf/libbpf.h>

void log_start(void);

/* Forgets the warnings: they were about another load. */
void log_forget(void);

/* A line on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* libbpf's first warning: the later ones are its consequences. */
const char *log_first_warning(void);

/* Whether libbpf's warnings do not say what is wrong. */
bool log_is_vague(void);

/*
 * Forgets the warnings, and keeps what libbpf says only to those who debug it. It is too much to be kept unless something
 * has gone wrong.
 */
void log_keep_details(void);

/* libbpf's first warning, or what `error`, an errno or one of libbpf's own, means; before it the last detail, if kept. */
const char *log_reason(int error);

/* The first warning about the program that libbpf warned of last, whose name goes to `name`; NULL if there is none. */
const char *log_blamed(char *name, size_t size);

/* The line of a verifier's log that says what was wrong. Cuts the log into lines. */
const char *log_complaint(char *log);

/* The line of a verifier's log that says what the program cost; empty if there is none. Cuts the log after it. */
const char *log_statistics(char *log);

/* Writes the verifier's log of a program that was refused. */
void log_print(const char *program, const char *log);

/* Keeps the verifier's log of every program that is refused. Returns 0, or -1 having said why not. */
int log_collect(struct bpf_object *object);

/* Writes the verifier's log if a program was refused. Returns that program's name, or NULL, and the reason. */
const char *log_report(struct bpf_object *object, const char **reason);

#endif
