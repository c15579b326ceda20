// SPDX-License-Identifier: GPL-2.0-only
/*
 * libbpf ends the load of an object at the first program that is refused, and an object can be loaded only once. To
 * have a verdict on every program from one load, which reads, relocates and parses as much as all of them need only
 * once, the linker diverts libbpf's calls of bpf_prog_load() to this file (--wrap). In place of a refused program,
 * libbpf is given the descriptor of one that is always accepted.
 */
#include "prog_load.h"

#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>

#include "log.h"

#define LOG_STATISTICS 4 /* BPF_LOG_STATS of include/linux/bpf_verifier.h: only what the program cost */
#define LOG_STEPS 1 /* BPF_LOG_LEVEL1: also how the verifier came to where it stopped */

int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t count, struct bpf_prog_load_opts *opts);
int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t count, struct bpf_prog_load_opts *opts);

static struct watcher *current;
/* Also tells a watched program from libbpf's own, by which it asks what the kernel can do. */
static char log_text[64 << 10];

int prog_load_watch(struct watcher *watcher, struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		if (bpf_program__set_log_level(program, LOG_STATISTICS) ||
		    bpf_program__set_log_buf(program, log_text, sizeof(log_text))) {
			say("the log of program %s cannot be set: %s", bpf_program__name(program), strerror(errno));
			return -1;
		}
	}
	current = watcher;
	return 0;
}

void prog_load_unwatch(void)
{
	current = NULL;
}

/* A program that does nothing. */
static int stand_in(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return __real_bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", nothing, 2, NULL);
}

int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t count, struct bpf_prog_load_opts *opts)
{
	int fd, error;

	if (!current || !opts || opts->log_buf != log_text)
		return __real_bpf_prog_load(type, name, license, insns, count, opts);
	log_text[0] = '\0';
	fd = __real_bpf_prog_load(type, name, license, insns, count, opts);
	if (fd >= 0) {
		current->decided(current, name, fd, log_text);
		return fd;
	}
	/* The first error counts: of a log that does not fit, the kernel returns ENOSPC. */
	error = errno;
	log_text[0] = '\0';
	opts->log_level = LOG_STEPS;
	fd = __real_bpf_prog_load(type, name, license, insns, count, opts);
	log_text[sizeof(log_text) - 1] = '\0';
	current->decided(current, name, fd >= 0 ? fd : -error, log_text);
	return fd >= 0 ? fd : stand_in();
}
