// SPDX-License-Identifier: GPL-2.0-only
/* The scheduler's process, and what the kernel says of sched_ext. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SYSFS "/sys/kernel/sched_ext/"
#define LOG_LIMIT (384 * 1024) /* bytes of its output that are passed on as they come, about */
#define LOG_TAIL (128 * 1024)  /* bytes of its output that are passed on at its end, where it is longer */
#define POLL_NS (2 * NSEC_PER_MSEC)
#define STOP_NS (3 * NSEC_PER_SEC) /* for each of SIGINT, SIGTERM and SIGKILL */

static void nap(void)
{
	struct timespec ts = { .tv_nsec = POLL_NS };

	nanosleep(&ts, NULL);
}

static void emit_text_line(const char *text, size_t length)
{
	emit_begin("sched_log");
	emit_bytes("text", text, length);
	emit_end();
}

/* Keeps a line for later: what a long log says last is why its scheduler was refused. */
static void keep_line(struct scheduler *scheduler)
{
	if (!scheduler->tail) {
		scheduler->tail = malloc(LOG_TAIL);
		scheduler->kept = scheduler->logged;
	}
	if (!scheduler->tail)
		fail_errno("scheduler", "memory for its log");
	for (size_t i = 0; i <= scheduler->pending; i++)
		scheduler->tail[(scheduler->logged + i) % LOG_TAIL] = i < scheduler->pending ? scheduler->line[i] : '\n';
}

static void emit_line(struct scheduler *scheduler)
{
	if (scheduler->logged < LOG_LIMIT)
		emit_text_line(scheduler->line, scheduler->pending);
	else
		keep_line(scheduler);
	scheduler->logged += scheduler->pending + 1;
	scheduler->pending = 0;
}

/* Emits the lines that were kept, and how much between them and the emitted ones is lost. */
static void emit_tail(struct scheduler *scheduler)
{
	size_t at, lost, used = 0;
	char text[2048];

	if (!scheduler->tail)
		return;
	at = scheduler->logged - scheduler->kept > LOG_TAIL ? scheduler->logged - LOG_TAIL : scheduler->kept;
	lost = at - scheduler->kept;
	snprintf(text, sizeof(text), "(ktstr: %zu bytes of output are left out)", lost);
	if (lost)
		emit_text_line(text, strlen(text));
	for (; at < scheduler->logged; at++) {
		char c = scheduler->tail[at % LOG_TAIL];

		if (c != '\n' && used < sizeof(text))
			text[used++] = c;
		if (c != '\n')
			continue;
		emit_text_line(text, used);
		used = 0;
	}
	free(scheduler->tail);
	scheduler->tail = NULL;
}

/* Passes on what the scheduler has written; never waits. */
void scheduler_watch(struct scheduler *scheduler)
{
	char buffer[4096];
	ssize_t got;

	if (scheduler->log < 0)
		return;
	while ((got = read(scheduler->log, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] != '\n')
				scheduler->line[scheduler->pending++] = buffer[i];
			if (buffer[i] == '\n' || scheduler->pending == sizeof(scheduler->line))
				emit_line(scheduler);
		}
	}
}

/*
 * Gives up what is the agent's own and not its children's: its real-time class, its CPU, and that it is not killed for
 * want of memory, for it is they that want it. False where the last cannot be.
 */
bool become_ordinary(void)
{
	struct sched_param normal = { 0 };
	cpu_set_t every;

	memset(&every, 0xff, sizeof(every));
	sched_setaffinity(0, sizeof(every), &every);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	return file_write("/proc/self/oom_score_adj", "0");
}

static void exec_scheduler(char *const argv[], int output)
{
	char *const environment[] = { "PATH=/ktstr:/usr/bin:/bin", "LD_LIBRARY_PATH=/ktstr/lib", "HOME=/", "LANG=C.UTF-8", NULL };
	int null;

	become_ordinary();
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	watchdog_install();
	execve(argv[0], argv, environment);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

void scheduler_reaped(struct scheduler *scheduler, int status)
{
	/* A line without an end is still the scheduler's last word. */
	scheduler_watch(scheduler);
	if (scheduler->pending)
		emit_line(scheduler);
	emit_tail(scheduler);
	emit_begin("sched_exit");
	if (WIFSIGNALED(status))
		emit_i64("signal", WTERMSIG(status));
	else
		emit_i64("status", WEXITSTATUS(status));
	emit_end();
	scheduler->pid = 0;
}

static bool reap(struct scheduler *scheduler)
{
	int status;

	if (!scheduler->pid)
		return true;
	if (waitpid(scheduler->pid, &status, WNOHANG) != scheduler->pid)
		return false;
	scheduler_reaped(scheduler, status);
	return true;
}

/* Whether the kernel says that a scheduler schedules. */
bool scheduler_enabled(void)
{
	char state[64];

	return file_read(SYSFS "state", state, sizeof(state)) > 0 && !strcmp(state, "enabled");
}

/* Whether a scheduler is attached, attaches or leaves. */
bool scheduler_active(void)
{
	char state[64];

	return file_read(SYSFS "state", state, sizeof(state)) > 0 && strcmp(state, "disabled");
}

/* How many times a scheduler was enabled since boot. It is counted just after the state says so; 0 where unknown. */
static uint64_t enable_seq(void)
{
	char text[32];

	return file_read(SYSFS "enable_seq", text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : 0;
}

static void emit_sysfs(const char *key, const char *file)
{
	char text[256];

	if (file_read(file, text, sizeof(text)) >= 0)
		emit_text(key, text);
}

void scheduler_state(const struct scheduler *scheduler, const char *when)
{
	emit_begin("sched_state");
	emit_text("when", when);
	emit_sysfs("state", SYSFS "state");
	emit_sysfs("ops", SYSFS "root/ops");
	emit_sysfs("enable_seq", SYSFS "enable_seq");
	emit_sysfs("switch_all", SYSFS "switch_all");
	emit_sysfs("nr_rejected", SYSFS "nr_rejected");
	emit_u64("running", scheduler->pid != 0);
	emit_end();
}

/* Forks argv with its output going to the log. */
static void start(struct scheduler *scheduler, char *const argv[])
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		fail_errno("scheduler", "pipe");
	/* The scheduler writes as to a terminal that keeps up: a full pipe makes it wait, not fail. */
	fcntl(ends[1], F_SETFL, 0);
	scheduler->log = ends[0];
	watchdog_prepare();
	scheduler->pid = fork();
	if (scheduler->pid < 0)
		fail_errno("scheduler", "fork");
	if (!scheduler->pid)
		exec_scheduler(argv, ends[1]);
	close(ends[1]);
	watchdog_start();
	emit_begin("sched_start");
	emit_text("program", argv[0]);
	emit_i64("pid", scheduler->pid);
	emit_end();
}

/*
 * Starts argv and waits until the kernel says that a scheduler is enabled, or until it exits, or until the time is
 * over. What happened is in the events; the plan goes on only when it is enabled.
 */
void scheduler_start(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns)
{
	uint64_t begin = now_ns(), seq = enable_seq();
	bool counts = access(SYSFS "enable_seq", R_OK) == 0;

	scheduler->declared = true;
	start(scheduler, argv);
	while (!scheduler_enabled() || (counts && enable_seq() == seq)) {
		if (reap(scheduler))
			break;
		if (now_ns() - begin > timeout_ns)
			break;
		scheduler_watch(scheduler);
		port_watchdog();
		nap();
	}
	scheduler_watch(scheduler);
	scheduler_state(scheduler, "attached");
	if (!scheduler_enabled())
		scheduler->lost = true;
}

/* Runs argv, which is no scheduler, to its end, its output going where a scheduler's goes; kills it after the time. */
void scheduler_run(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns)
{
	uint64_t begin = now_ns();

	start(scheduler, argv);
	while (!reap(scheduler)) {
		if (now_ns() - begin > timeout_ns)
			kill(scheduler->pid, SIGKILL);
		scheduler_watch(scheduler);
		port_watchdog();
		nap();
	}
	close(scheduler->log);
	scheduler->log = -1;
}

void scheduler_stop(struct scheduler *scheduler)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGKILL };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]) && scheduler->pid; i++) {
		uint64_t start = now_ns();

		kill(scheduler->pid, signals[i]);
		while (!reap(scheduler) && now_ns() - start < STOP_NS) {
			scheduler_watch(scheduler);
			port_watchdog();
			nap();
		}
	}
	emit_tail(scheduler);
	if (scheduler->declared)
		scheduler_state(scheduler, "stopped");
}
