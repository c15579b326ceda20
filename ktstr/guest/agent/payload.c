// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as workloads. A payload's cgroup has no controllers of its own unless it is directly below the root: it is there
 * to find the whole process tree, to kill it, and to count its CPU time.
 */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/operation.h>

#include "agent.h"
#include "cgroup.h"
#include "cgroup_use.h"
#include "confine.h"
#include "machine.h"
#include "output.h"
#include "payload_place.h"
#include "process.h"

#define END_NS (2 * NSEC_PER_SEC) /* for SIGTERM, and again for SIGKILL */
#define FILES 65536		  /* descriptors that a program may have */

enum how { BY_ITSELF, TOLD, TIMED_OUT };

struct payload {
	char name[64];
	char place[CGROUP_PATH];  /* the cgroup that the plan names */
	char cgroup[CGROUP_PATH]; /* its own */
	pid_t pid;		  /* 0 once reaped */
	int status;
	enum how how;
	bool awaited;
	bool reported;		  /* its end was */
	uint64_t began_ns;	  /* 0: it waits for the hold */
	uint64_t ended_ns;
	uint64_t timeout_ns;
	uint64_t cpu_ns, cpu_before_ns; /* of the tree: so far, and at the last report */
	unsigned int left;	  /* processes that were there when it had ended */
	int failure;		  /* read end of a pipe with errno, if its program could not be executed */
	struct output out, err;
};

static struct {
	struct payload *all[KTSTR_MAX_PAYLOADS];
	unsigned int count;
} payloads;

/* The last one of that name, or NULL. */
static struct payload *find(const char *name)
{
	for (unsigned int i = payloads.count; i-- > 0;)
		if (!strcmp(payloads.all[i]->name, name))
			return payloads.all[i];
	return NULL;
}

/* The same; if there is none, the operation counts as refused: the scheduler may have refused the payload. */
static struct payload *require(const char *name)
{
	struct payload *payload = find(name);

	if (!payload) {
		errno = ENOENT;
		operation_refused("payload");
	}
	return payload;
}

/* Notes the CPU time so far, while its cgroup is there. */
static void read_cpu(struct payload *payload)
{
	uint64_t used = cgroup_cpu_ns(payload->cgroup);

	if (used > payload->cpu_ns)
		payload->cpu_ns = used;
}

/* What the program finds set. What it finds twice counts as it is first. */
static char **environment_of(char *const *own, size_t count)
{
	static char *const common[] = { "PATH=/ktstr:/usr/bin:/bin", "LD_LIBRARY_PATH=/ktstr/lib", "HOME=" PAYLOAD_FOLDER,
					"TMPDIR=" PAYLOAD_FOLDER, "LANG=C", "USER=root" };
	size_t of_common = sizeof(common) / sizeof(*common);
	char **all = calloc(count + of_common + 1, sizeof(*all));

	if (!all)
		fail_errno("payload", "memory for its environment");
	memcpy(all, own, count * sizeof(*all));
	memcpy(all + count, common, sizeof(common));
	return all;
}

/* `failure` is closed when the program is executed. By then the process cannot report to the host any more. */
static void become_payload(const struct payload *payload, char *const argv[], char *const *environment, int out, int err,
			   int failure)
{
	struct rlimit files = { .rlim_cur = FILES, .rlim_max = FILES };
	int null = open("/dev/null", O_RDONLY), gate = agent.workers.gate_read, error;
	char byte;

	close(agent.workers.gate);
	if (!become_ordinary() || setsid() < 0 || setrlimit(RLIMIT_NOFILE, &files) || chdir(PAYLOAD_FOLDER))
		fail_errno("payload", payload->name);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		fail_errno("payload", payload->name);
	signal(SIGPIPE, SIG_DFL);
	confine_workload();
	while (read(gate, &byte, 1) < 0 && errno == EINTR)
		;
	execve(argv[0], argv, environment);
	error = errno;
	_exit(write(failure, &error, sizeof(error)) == sizeof(error) ? 127 : 126);
}

/*
 * Forks a process that is in a cgroup from its begin. Moving it there afterwards would wait for an RCU grace period, 10 ms of
 * a hold; and a scheduler would see it come from the agent's cgroup.
 */
static pid_t fork_into(const char *cgroup)
{
	struct clone_args how = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int folder = cgroup_open(cgroup), error;
	pid_t pid;

	if (folder < 0)
		return -1;
	how.cgroup = (uint64_t)folder;
	pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	error = errno;
	close(folder);
	errno = error;
	return pid;
}

static struct payload *add(const char *name, const char *place, uint64_t timeout_ns)
{
	struct payload *payload = find(name);

	if (payload && payload->pid)
		fail_format("payload", "%s: is started while it still runs: wait for it, or kill it before", name);
	if (payloads.count == KTSTR_MAX_PAYLOADS)
		fail_format("payload", "a plan starts at most %u payloads", KTSTR_MAX_PAYLOADS);
	payload = calloc(1, sizeof(*payload));
	if (!payload)
		fail_errno("payload", "memory");
	snprintf(payload->name, sizeof(payload->name), "%s", name);
	snprintf(payload->place, sizeof(payload->place), "%s", place);
	if ((size_t)snprintf(payload->cgroup, sizeof(payload->cgroup), "%s%spayload-%s", place, *place ? "/" : "", name) >=
	    sizeof(payload->cgroup))
		fail_format("payload", "%s: the path of its cgroup is too long", name);
	payload->timeout_ns = timeout_ns;
	return payload;
}

void payload_start(const char *name, const char *cgroup, uint64_t timeout_ns, char *const *environment, size_t count,
		   char *const argv[])
{
	struct payload *payload = add(name, cgroup, timeout_ns);
	char **all = environment_of(environment, count);
	int out, err, failure[2];

	payload_place();
	/* One of that name may have been here that the kernel has not let go yet. */
	if (!cgroup_add(payload->cgroup) && errno != EEXIST) {
		operation_refused("cgroup");
		goto out;
	}
	workers_open_gate(&agent.workers);
	/* It may start before any scheduler, or without one. */
	confine_kernel();
	confine_bpf();
	out = output_open(&payload->out);
	err = output_open(&payload->err);
	if (pipe2(failure, O_CLOEXEC | O_NONBLOCK))
		fail_errno("payload", "pipe");
	payload->failure = failure[0];
	payload->pid = fork_into(payload->cgroup);
	if (!payload->pid)
		become_payload(payload, argv, all, out, err, failure[1]);
	close(failure[1]);
	close(out);
	close(err);
	if (payload->pid < 0) {
		operation_refused("fork");
		output_report(&payload->out, name, "stdout");
		output_report(&payload->err, name, "stderr");
		close(failure[0]);
		goto out;
	}
	payloads.all[payloads.count++] = payload;
	if (agent.workers.holding) {
		payload->began_ns = now_ns();
		workers_release_now(&agent.workers);
	}
	payload = NULL;
out:
	free(payload);
	free(all);
}

void payload_wait(const char *name)
{
	struct payload *payload = require(name);

	if (payload)
		payload->awaited = true;
}

static void end_tree(const struct payload *payload)
{
	/* The scheduler may have refused the cgroup, or the plan removed it. */
	if (!cgroup_write(payload->cgroup, "cgroup.kill", "1") && errno != ENOENT)
		fail_errno("payload", "cgroup.kill");
}

/* Takes its output until it has ended, at most for `ns`; whether it has. */
static bool wait_for_end(struct payload *payload, uint64_t ns)
{
	uint64_t start = now_ns();

	while (payload->pid && now_ns() - start < ns) {
		output_drain(&payload->out);
		output_drain(&payload->err);
		machine_watchdog();
		usleep(1000);
		agent_reap();
	}
	return !payload->pid;
}

static void end(struct payload *payload, int signal, uint64_t grace_ns, enum how how)
{
	if (!payload->pid)
		return;
	if (payload->how == BY_ITSELF)
		payload->how = how;
	if (signal != SIGKILL && !kill(payload->pid, signal))
		wait_for_end(payload, grace_ns);
	end_tree(payload);
	wait_for_end(payload, END_NS);
}

void payload_kill(const char *name, int signal, uint64_t grace_ns)
{
	struct payload *payload = require(name);

	if (payload)
		end(payload, signal, grace_ns, TOLD);
}

void payloads_begin(uint64_t now)
{
	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];

		if (payload->began_ns)
			continue;
		payload->began_ns = now;
		payload->cpu_before_ns = cgroup_cpu_ns(payload->cgroup);
	}
}

void payloads_watch(void)
{
	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];

		if (payload->reported)
			continue;
		output_drain(&payload->out);
		output_drain(&payload->err);
		if (!payload->pid || !payload->timeout_ns || !payload->began_ns || payload->how != BY_ITSELF ||
		    now_ns() - payload->began_ns < payload->timeout_ns)
			continue;
		payload->how = TIMED_OUT;
		end_tree(payload);
	}
}

bool payloads_awaited(void)
{
	bool any = false;

	for (unsigned int i = 0; i < payloads.count; i++) {
		const struct payload *payload = payloads.all[i];

		if (!payload->awaited || payload->reported)
			continue;
		if (payload->pid)
			return false;
		any = true;
	}
	return any;
}

/* Fails if its program could not be executed. */
static void check_executed(struct payload *payload)
{
	int error;

	if (read(payload->failure, &error, sizeof(error)) == sizeof(error))
		fail_format("payload", "%s: its program cannot be executed: %s", payload->name, strerror(error));
	close(payload->failure);
}

bool payloads_reaped(pid_t pid, int status)
{
	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];

		if (payload->pid != pid)
			continue;
		payload->pid = 0;
		payload->status = status;
		check_executed(payload);
		payload->ended_ns = now_ns();
		payload->left = payload->how == BY_ITSELF ? cgroup_processes(payload->cgroup) : 0;
		end_tree(payload);
		return true;
	}
	return false;
}

void payloads_told(const char *cgroup)
{
	size_t length = strlen(cgroup);

	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];
		char after = strncmp(payload->cgroup, cgroup, length) ? 'x' : payload->cgroup[length];

		if (!payload->pid || payload->how != BY_ITSELF || (after != '\0' && after != '/'))
			continue;
		payload->how = TOLD;
		/* The plan may remove the cgroup next. */
		read_cpu(payload);
	}
}

static void emit_end_of(const struct payload *payload)
{
	static const char *const words[] = { "exited", "told", "timeout" };

	emit_u64("ended_ns", payload->ended_ns);
	if (WIFSIGNALED(payload->status))
		emit_i64("signal", WTERMSIG(payload->status));
	else
		emit_i64("status", WEXITSTATUS(payload->status));
	emit_text("how", words[payload->how]);
	emit_u64("left", payload->left);
	emit_u64("stdout_bytes", payload->out.total);
	emit_u64("stderr_bytes", payload->err.total);
}

static void report(struct payload *payload)
{
	unsigned int runnable, tasks = cgroup_tasks(payload->cgroup, &runnable);
	uint64_t now = now_ns();

	read_cpu(payload);
	if (!payload->pid) {
		output_drain(&payload->out);
		output_drain(&payload->err);
	}
	emit_begin("payload");
	emit_text("name", payload->name);
	emit_text("cgroup", payload->place);
	emit_u64("began_ns", payload->began_ns ? payload->began_ns : now);
	emit_u64("cpu_ns", payload->cpu_ns > payload->cpu_before_ns ? payload->cpu_ns - payload->cpu_before_ns : 0);
	emit_u64("tasks", tasks);
	emit_u64("runnable", runnable);
	if (!payload->pid)
		emit_end_of(payload);
	emit_end();
	payload->cpu_before_ns = payload->cpu_ns;
	if (payload->pid)
		return;
	output_report(&payload->out, payload->name, "stdout");
	output_report(&payload->err, payload->name, "stderr");
	payload->reported = true;
	/* What does not go now goes with the plan's leftovers. */
	if (!cgroup_remove(payload->cgroup) && errno != ENOENT && errno != EBUSY)
		fail_errno("payload", payload->cgroup);
}

void payloads_report(bool full)
{
	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];

		if (payload->awaited && full)
			end(payload, SIGTERM, END_NS, TIMED_OUT);
		if (!payload->reported)
			report(payload);
	}
}

void payloads_end(bool last)
{
	for (unsigned int i = 0; i < payloads.count; i++) {
		struct payload *payload = payloads.all[i];

		end(payload, last ? SIGKILL : SIGTERM, END_NS, TOLD);
		if (!payload->reported && !payload->pid)
			report(payload);
	}
}
