// SPDX-License-Identifier: GPL-2.0-only
/* The scheduler's process, and the kernel's view of sched_ext. */
#include "scheduler.h"

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

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "confine.h"
#include "ejection.h"
#include "files.h"
#include "machine.h"
#include "process.h"
#include "watchdog.h"

#define SYSFS "/sys/kernel/sched_ext/"
#define LOG_LIMIT (384 * 1024) /* about how many bytes of its output are reported as they come */
#define LOG_TAIL (128 * 1024)  /* bytes of longer output that are reported at its end */
#define POLL_NS (2 * NSEC_PER_MSEC)
#define STOP_NS (3 * NSEC_PER_SEC) /* for each of SIGINT, SIGTERM and SIGKILL */
#define TRY_NS (10 * NSEC_PER_SEC) /* for a program that cannot attach, because another one is */
#define AGAIN_NS (5 * NSEC_PER_SEC) /* for a program that attaches again after a CPU went offline or came online */

static void nap(void)
{
	struct timespec ts = { .tv_nsec = POLL_NS };

	nanosleep(&ts, NULL);
}

static void emit_text_line(const struct scheduler *scheduler, const char *text, size_t length)
{
	emit_begin("sched_log");
	emit_bytes("text", text, length);
	if (scheduler->over)
		emit_u64("over", 1);
	emit_end();
}

/* Keeps a line for later: the end of a long log says why its scheduler was refused. */
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
		emit_text_line(scheduler, scheduler->line, scheduler->pending);
	else
		keep_line(scheduler);
	scheduler->logged += scheduler->pending + 1;
	scheduler->pending = 0;
}

/* Emits the lines that were kept, and how many bytes before them are left out. */
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
		emit_text_line(scheduler, text, strlen(text));
	for (; at < scheduler->logged; at++) {
		char c = scheduler->tail[at % LOG_TAIL];

		if (c != '\n' && used < sizeof(text))
			text[used++] = c;
		if (c != '\n')
			continue;
		emit_text_line(scheduler, text, used);
		used = 0;
	}
	free(scheduler->tail);
	scheduler->tail = NULL;
}

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

static void exec_scheduler(char *const argv[], int output)
{
	char *const environment[] = { "PATH=/ktstr:/usr/bin:/bin", "LD_LIBRARY_PATH=/ktstr/lib", "HOME=/", "LANG=C.UTF-8", NULL };
	int null;

	if (!become_ordinary())
		fail_errno("scheduler", "leaving the agent's scheduling class");
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	watchdog_install();
	confine_program();
	execve(argv[0], argv, environment);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

void scheduler_reaped(struct scheduler *scheduler, int status)
{
	/* Its last line may have no newline. */
	scheduler_watch(scheduler);
	if (scheduler->pending)
		emit_line(scheduler);
	emit_tail(scheduler);
	emit_begin("sched_exit");
	if (WIFSIGNALED(status))
		emit_i64("signal", WTERMSIG(status));
	else
		emit_i64("status", WEXITSTATUS(status));
	if (scheduler->told)
		emit_u64("told", 1);
	if (scheduler->over)
		emit_u64("over", 1);
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

bool scheduler_enabled(void)
{
	char state[64];

	return file_read(SYSFS "state", state, sizeof(state)) > 0 && !strcmp(state, "enabled");
}

bool scheduler_active(void)
{
	char state[64];

	return file_read(SYSFS "state", state, sizeof(state)) > 0 && strcmp(state, "disabled");
}

/* How many times a scheduler was enabled since boot. It is counted just after the state changes; 0 if unknown. */
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
	if (scheduler->stopping_ns)
		emit_u64("took_ns", scheduler->stopping_ns);
	emit_end();
}

/* Forks argv with its output going to the log. */
static void start(struct scheduler *scheduler, char *const argv[])
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		fail_errno("scheduler", "pipe");
	/* Only the agent's end is non-blocking: a full pipe makes the scheduler wait, not fail. */
	if (fcntl(ends[1], F_SETFL, 0))
		fail_errno("scheduler", "a pipe that waits");
	scheduler->log = ends[0];
	scheduler->started_ns = now_ns();
	watchdog_prepare();
	confine_kernel();
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
	if (scheduler->command && strcmp(scheduler->command->name, COMMAND_OF_TEST))
		emit_text("name", scheduler->command->name);
	if (scheduler->over)
		emit_u64("over", 1);
	emit_end();
}

/* Starts the command and waits until a scheduler is enabled, or, if it is `alone`, was ejected; whether one is. */
static bool start_and_wait(struct scheduler *scheduler, const struct command *command, uint64_t timeout_ns, bool alone)
{
	uint64_t begin = now_ns(), seq = enable_seq();
	struct ejection ejection;
	bool counts = access(SYSFS "enable_seq", R_OK) == 0, fresh;

	scheduler->command = command;
	ejection_begin(&ejection);
	confine_bpf();
	start(scheduler, command->argv);
	while (!(fresh = scheduler_enabled() && (!counts || enable_seq() != seq))) {
		if (reap(scheduler))
			break;
		if (now_ns() - begin > timeout_ns || (ejection_final(&ejection) && alone))
			break;
		scheduler_watch(scheduler);
		machine_watchdog();
		nap();
	}
	ejection_end(&ejection);
	scheduler_watch(scheduler);
	scheduler->enable_seq = enable_seq();
	return fresh;
}

void scheduler_start(struct scheduler *scheduler, const struct command *command)
{
	scheduler->declared = true;
	start_and_wait(scheduler, command, command->timeout_ns, true);
	scheduler_state(scheduler, "attached");
	if (!scheduler_enabled())
		scheduler->lost = true;
}

bool scheduler_try(struct scheduler *scheduler, const struct command *command)
{
	/* Without the kernel's count the scheduler that is attached already looks like a new one. */
	return start_and_wait(scheduler, command, TRY_NS, false) && access(SYSFS "enable_seq", R_OK) == 0;
}

void scheduler_hotplug(struct scheduler *scheduler)
{
	scheduler->hotplug_ns = now_ns();
}

bool scheduler_gone(struct scheduler *scheduler)
{
	if (!scheduler_enabled())
		return !scheduler->pid || !scheduler->hotplug_ns || now_ns() - scheduler->hotplug_ns > AGAIN_NS;
	if (scheduler->hotplug_ns && scheduler->enable_seq != enable_seq()) {
		scheduler->enable_seq = enable_seq();
		scheduler->hotplug_ns = 0;
		scheduler_state(scheduler, "attached");
	}
	return false;
}

void scheduler_forget(struct scheduler *scheduler)
{
	if (scheduler->log >= 0)
		close(scheduler->log);
	free(scheduler->tail);
	memset(scheduler, 0, sizeof(*scheduler));
	scheduler->log = -1;
}

void scheduler_run(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns)
{
	uint64_t begin = now_ns();

	start(scheduler, argv);
	while (!reap(scheduler)) {
		if (now_ns() - begin > timeout_ns)
			kill(scheduler->pid, SIGKILL);
		scheduler_watch(scheduler);
		machine_watchdog();
		nap();
	}
	close(scheduler->log);
	scheduler->log = -1;
}

void scheduler_stop(struct scheduler *scheduler)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGKILL };
	uint64_t begin = now_ns();
	bool ended = !scheduler->pid;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]) && scheduler->pid; i++) {
		uint64_t start = now_ns();

		scheduler->told = true;
		kill(scheduler->pid, signals[i]);
		while (!reap(scheduler) && now_ns() - start < STOP_NS) {
			scheduler_watch(scheduler);
			machine_watchdog();
			nap();
		}
	}
	if (!ended)
		scheduler->stopping_ns = now_ns() - begin;
	emit_tail(scheduler);
	if (scheduler->declared)
		scheduler_state(scheduler, "stopped");
}
