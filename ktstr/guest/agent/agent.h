/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's init: reads a plan, drives a scheduler, cgroups and workers, and emits what it saw. */
#ifndef KTSTR_AGENT_H
#define KTSTR_AGENT_H

/* This header comes first everywhere, for this. */
#define _GNU_SOURCE

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_CPUS 1024
#define MAX_WORKERS 4096
#define MAX_TOKENS 256
#define GAP_BUCKETS 32
#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

/* port.c: the machine's I/O ports. QEMU serves them synchronously, which keeps runs deterministic. */
void port_open(void);
void port_write(const char *data, size_t length);
void port_pace(unsigned int mode, unsigned int count);
void port_watchdog(void);
void port_exit(unsigned int code) __attribute__((noreturn));
void port_keep(void);

/* How the guest ends, as the value written to isa-debug-exit; QEMU exits with 2 * value + 1. */
#define EXIT_DONE 0x10
#define EXIT_AGENT_FAILED 0x11

/* fw_cfg.c: files from the host. */
char *fw_cfg_read(const char *name, size_t *length);
void fw_cfg_free(char *data, size_t length);

/* archive.c */
void archive_unpack(const char *archive, size_t length);

/* seed.c: what is random. */
void seed_set(uint64_t seed);
uint64_t seed_value(uint64_t index);

/* emit.c: events, a JSON object a line, on the debug console. */
void emit_begin(const char *event);
void emit_text(const char *key, const char *value);
void emit_bytes(const char *key, const char *value, size_t length);
void emit_u64(const char *key, uint64_t value);
void emit_base64(const char *key, const char *data, size_t length);
void emit_u64s(const char *key, const uint64_t *values, size_t count);
void emit_i64(const char *key, int64_t value);
void emit_end(void);
void fail(const char *where, const char *what) __attribute__((noreturn));
void fail_errno(const char *where, const char *what) __attribute__((noreturn));
uint64_t now_ns(void);
void sleep_until(uint64_t when);

/* plan.c: the plan's lines, split into tokens. */
struct plan {
	char *next;
};

struct plan_line {
	unsigned int count;
	char *token[MAX_TOKENS + 1];
};

bool plan_read(struct plan *plan, struct plan_line *line);
uint64_t plan_u64(const struct plan_line *line, unsigned int index);
const char *plan_value(const struct plan_line *line, unsigned int from, const char *key);

/* files.c: small files of procfs, sysfs and cgroupfs. */
ssize_t file_read(const char *path, char *buffer, size_t size);
bool file_write(const char *path, const char *text);

/* system.c: mounts, and what the guest's own sysfs says of its CPUs. */
void system_mount(void);
void system_describe(void);
unsigned int system_cpus(void);
unsigned int system_possible_cpus(void);

/* trace.c: context switches. */
struct task_switch {
	uint64_t at_ns;
	unsigned int cpu;
	int prev_pid;
	int next_pid;
	char prev_comm[16];	/* TASK_COMM_LEN: the kernel ends it with a zero byte */
};

void trace_start(void);
void trace_stop(void);
const struct task_switch *trace_find(pid_t pid, uint64_t from_ns);
uint64_t trace_ran_ns(const struct task_switch *in);

/* recorder.c: the last scheduling events before a scheduler's exit. */
void recorder_prepare(void);
void recorder_start(void);
void recorder_stop(void);
void recorder_emit(void);

/* perturb.c: preemptions on purpose. */
void perturb_enable(void);
void perturb_add(unsigned int cpu, uint64_t at_ns, uint64_t ns);
void perturb_prepare(int gate);
void perturb_go(uint64_t start_ns);
void perturb_stop(void);

/* cgroup.c */
#define CGROUP_ROOT "/sys/fs/cgroup"

void cgroup_setup(void);
void cgroup_add(const char *name, const char *cpuset);
void cgroup_attach(const char *name, pid_t pid);

/* kmsg.c: the kernel's log. */
void kmsg_prepare(void);
void kmsg_open(void);
void kmsg_emit(void);
int kmsg_all(void);
ssize_t kmsg_line(int fd, char *line, size_t size);

/* kernel_dump.c: what the kernel writes of a scheduler that it ejects. */
void kernel_dump_open(void);
void kernel_dump_emit(void);

/* watchdog.c: the time after which the kernel ejects a scheduler. */
void watchdog_set(uint32_t ms);
void watchdog_prepare(void);
void watchdog_install(void);
void watchdog_start(void);

/* scheduler.c: the scheduler's process and the kernel's view of sched_ext. */
struct scheduler {
	pid_t pid;		/* 0: none was started, or it was reaped */
	int log;		/* read end of its stdout and stderr, -1 if none */
	bool declared;		/* a sched_ext scheduler is expected to be attached */
	bool lost;		/* it stopped scheduling before it was asked to */
	size_t logged;		/* bytes of log so far */
	size_t pending;		/* bytes of an unfinished line in `line` */
	char line[2048];
	char *tail;		/* the log's end, a ring of LOG_TAIL bytes; NULL while all of it could be emitted */
	size_t kept;		/* where in the log that begins */
};

bool become_ordinary(void);
void scheduler_start(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns);
void scheduler_run(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns);
bool scheduler_enabled(void);
bool scheduler_active(void);
void scheduler_watch(struct scheduler *scheduler);
void scheduler_state(const struct scheduler *scheduler, const char *when);
void scheduler_stop(struct scheduler *scheduler);
void scheduler_reaped(struct scheduler *scheduler, int status);

/* work.c: what a worker does. Shared with the agent through one page a worker. */
struct worker_page {
	uint64_t last_ns;	/* when it was last seen running, or asked to be woken */
	uint64_t gap_ns;	/* the longest time it wanted to run and did not */
	uint64_t slept_ns;	/* time it asked to sleep */
	uint64_t iterations;
	uint64_t migrations;
	uint32_t cpu;
	uint64_t cpus[MAX_CPUS / 64];
	uint64_t gaps[GAP_BUCKETS]; /* how many gaps lay between 2^i and 2^(i+1) ns */
};

struct work {
	const char *kind;
	int policy;		/* of sched_setscheduler(2) */
	uint64_t burst_ns;
	uint64_t sleep_ns;
	bool pause;		/* a PAUSE after each chunk */
};

struct work work_parse(const struct plan_line *line, unsigned int from);
void work_pause(struct worker_page *page, uint64_t ns);
void work_run(const struct work *work, struct worker_page *page) __attribute__((noreturn));

/* worker.c: the workers' processes. */
struct worker {
	pid_t pid;		/* 0 once reaped */
	char cgroup[64];
	char kind[32];
	unsigned int index;
	uint64_t start_ns;	/* 0 until released */
	uint64_t run_base_ns;
	uint64_t wait_base_ns;
	int status;		/* wait status once reaped */
	struct worker_page *page;
};

struct workers {
	unsigned int count;
	unsigned int released;
	int gate;		/* workers wait until this pipe's write end is closed; -1 if none wait */
	int gate_read;
	struct worker all[MAX_WORKERS];
};

void workers_spawn(struct workers *workers, const char *cgroup, unsigned int count, const struct work *work);
uint64_t workers_release(struct workers *workers);
void workers_report(struct workers *workers);
void workers_reaped(struct workers *workers, pid_t pid, int status);
unsigned int workers_kill(struct workers *workers);

/* main.c: takes note of every child that ended. */
void reap_any(struct scheduler *scheduler, struct workers *workers);

/* bpf.c: the loaded BPF programs and maps. `command` is one of bpf(2)'s. */
union bpf_attr;

#define MAX_IDS 256 /* of one kind; of maps a program has 64 at most (MAX_USED_MAPS) */

struct ids {
	unsigned int count;
	uint32_t all[MAX_IDS];
};

void ids_add(struct ids *ids, uint32_t id);
bool ids_have(const struct ids *ids, uint32_t id);
void bpf_emit(void);
int bpf(int command, union bpf_attr *attributes);
uint32_t bpf_next_id(int command, uint32_t id);
int bpf_open_id(int command, uint32_t id);
void bpf_info(int fd, void *into, size_t size);
uint64_t bpf_fdinfo(pid_t pid, int fd, const char *key);
void bpf_program_maps(int fd, struct ids *maps);
void bpf_schedulers(struct ids *objects, struct ids *maps);

/* btf.c: the types of a loaded object. */
struct btf_type;

struct btf {
	uint32_t id;		/* the kernel's number of it; 0 where it was not read from there */
	uint32_t count;		/* of types, void (0) included; 0: there are none */
	uint32_t strings_size;
	size_t size;		/* of data */
	const char *strings;
	const struct btf_type **types;
	char *data;
};

bool btf_read(struct btf *btf, uint32_t id);
bool btf_parse(struct btf *btf, char *data, size_t size);
void btf_free(struct btf *btf);
const struct btf_type *btf_type(const struct btf *btf, uint32_t id);
const char *btf_text(const struct btf *btf, uint32_t offset);

/* channel.c: frames between a session and the host. */
#define CHANNEL_MOST 16384 /* bytes of data in a frame */

struct frame {
	char kind;
	size_t length;
	const char *data;
};

struct channel {
	int fd;
	size_t in_used;
	size_t out_used;
	size_t out_done;
	char in[3 + CHANNEL_MOST];
	char out[3 + CHANNEL_MOST];
};

void channel_open(struct channel *channel);
bool channel_frame(const struct channel *channel, struct frame *frame);
void channel_drop(struct channel *channel);
void channel_receive(struct channel *channel);
bool channel_idle(const struct channel *channel);
char *channel_room(struct channel *channel);
void channel_send(struct channel *channel, char kind, size_t length);
void channel_flush(struct channel *channel);

/* shell.c: a program that the host talks to. */
void shell_run(const struct plan_line *line);

/* member.c: a number within a value, by its path in C. */
struct member {
	uint32_t offset, size;
	bool is_signed, is_bool;
	/* Where there is none: why, the part of the path that is no name, and the section or struct that has others. */
	char wrong[192];
	const char *wanted;
	uint32_t owner;
};

bool member_find(const struct btf *btf, uint32_t id, const char *path, struct member *found);
void member_names(const struct btf *btf, uint32_t owner, void (*visit)(const char *name));

/* write.c: writes to a scheduler's globals. */
bool write_add(const struct plan_line *line);
uint64_t write_before(uint64_t ns);
void write_due(uint64_t ns);

/* stream.c: bytes as events. */
struct stream {
	const char *event;
	uint32_t id;		/* of what they are of */
	uint64_t at;		/* the place of the chunk */
	size_t used, zeros;	/* bytes of the chunk, and how many zeros they end in */
	size_t room;		/* bytes that may still go out */
	char chunk[8192];	/* base64 makes 11 KiB of it, and an event has 16 */
};

bool stream_put(struct stream *out, const char *data, size_t length);
uint64_t stream_end(struct stream *out);

/* map.c: what a BPF map holds. */
size_t map_emit(uint32_t id, size_t room, struct ids *objects, struct ids *maps);

/* dump.c: what a scheduler's maps hold. */
void dump_hold(void);
void dump_emit(const char *why);
void dump_exit(const struct scheduler *scheduler);

/* verify.c: the operations of the verifier sweep. */
bool verify_carries_out(struct scheduler *scheduler, struct workers *workers, struct plan_line *line);

#endif
