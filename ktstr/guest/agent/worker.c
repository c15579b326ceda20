// SPDX-License-Identifier: GPL-2.0-only
/* The workers' processes: spawned behind a gate, released together, read while they run, then killed. */
#include "worker.h"

#include <ktstr/operation.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "files.h"
#include "group.h"
#include "machine.h"
#include "observer.h"
#include "pair.h"
#include "seed.h"

#define PAGE_BYTES 4096
#define GATE_NS (5 * NSEC_PER_SEC)
#define THREADS_NS (100 * NSEC_PER_MSEC) /* how long new threads are waited for */
#define THREAD_STACK (64 * 1024)
/* How long none may end before the others are given up: a thousand that exit side by side all take long. */
#define KILL_NS (200 * NSEC_PER_MSEC)
#define KILL_EACH_NS (2 * NSEC_PER_MSEC)
#define START_SPREAD_NS NSEC_PER_MSEC /* workers begin within this time */

/* What a worker's process or thread does. */
struct start {
	const struct worker *worker;
	const struct worker_settings *settings;
	struct work work;
	unsigned int place; /* in its group */
	int gate;
};

static void worker_main(struct start *start)
{
	unsigned int index = start->worker->index;
	char byte;

	start->work.page = start->worker->page;
	start->work.index = index;
	worker_settings_apply(start->settings, start->place, index);
	__atomic_store_n(&start->worker->page->ready, 1, __ATOMIC_RELEASE);
	while (read(start->gate, &byte, 1) < 0 && errno == EINTR)
		;
	/* Each starts at a moment of its own: in step they would reach the scheduler in one order, whatever the seed. */
	work_sleep(&start->work, seed_value(index) % START_SPREAD_NS);
	work_run(&start->work);
}

static void *thread_main(void *argument)
{
	struct start *start = argument;

	__atomic_store_n(&start->worker->page->task, gettid(), __ATOMIC_RELEASE);
	worker_main(start);
	return NULL;
}

/*
 * The process of `count` workers that are its threads. They are created while it still has the agent's class and CPU, so
 * that the scheduler decides only whether there may be a thread, not when.
 */
static void threads_main(const struct start *first, unsigned int count)
{
	struct start *starts = calloc(count, sizeof(*starts));
	struct work work = first->work;
	pthread_attr_t attributes;

	if (!starts || pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, THREAD_STACK))
		fail("worker", "memory for threads");
	for (unsigned int i = count; i-- > 0;) {
		pthread_t thread;
		int error;

		if (i % 2)
			pair_open(&work);
		work.member = i;
		starts[i] = *first;
		starts[i].work = work;
		starts[i].worker = first->worker + i;
		starts[i].place = i;
		if (!i)
			thread_main(&starts[i]);
		error = pthread_create(&thread, &attributes, thread_main, &starts[i]);
		/* The C library makes EAGAIN of the kernel's ENOMEM. */
		if (error)
			starts[i].worker->page->refused = error == EAGAIN ? ENOMEM : error;
	}
}

pid_t worker_task(const struct worker *worker)
{
	pid_t task = worker->thread ? __atomic_load_n(&worker->page->task, __ATOMIC_ACQUIRE) : 0;

	return worker->pid && task ? task : worker->pid;
}

/* Time on a CPU and time waiting for one, in ns, as the kernel counts them; works for every class. */
static bool read_schedstat(pid_t pid, uint64_t *run_ns, uint64_t *wait_ns)
{
	unsigned long long run, wait;
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (file_read(path, text, sizeof(text)) <= 0 || sscanf(text, "%llu %llu", &run, &wait) != 2)
		return false;
	*run_ns = run;
	*wait_ns = wait;
	return true;
}

/* Opens the gate; returns when that was. */
static uint64_t let_go(struct workers *workers)
{
	uint64_t start;

	for (unsigned int i = workers->released; i < workers->count; i++) {
		struct worker *worker = &workers->all[i];

		read_schedstat(worker_task(worker), &worker->base.run_ns, &worker->base.wait_ns);
	}
	for (unsigned int i = workers->released; i < workers->count; i++)
		observer_knows(&workers->all[i]);
	start = now_ns();
	for (unsigned int i = workers->released; i < workers->count; i++) {
		workers->all[i].base.now_ns = start;
		workers->all[i].page->last_ns = start;
	}
	workers->released = workers->count;
	close(workers->gate);
	close(workers->gate_read);
	workers->gate = -1;
	return start;
}

void workers_open_gate(struct workers *workers)
{
	int ends[2];

	if (workers->gate >= 0)
		return;
	if (pipe2(ends, O_CLOEXEC))
		fail_errno("worker", "pipe");
	workers->gate_read = ends[0];
	workers->gate = ends[1];
}

/*
 * Memory that every process shares, all zero. fork() copies no page tables of it, nor is it there before it is touched:
 * a fork costs the same whether the plan has ten workers or thousands.
 */
static void *shared_room(size_t bytes)
{
	void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		fail_errno("worker", "mmap");
	return room;
}

/* The worker's own page of memory: two workers never write to the same cache line. */
static struct worker_page *page_of(struct workers *workers, unsigned int index)
{
	_Static_assert(sizeof(struct worker_page) <= PAGE_BYTES, "a worker's counters fit into a page");
	if (!workers->pages)
		workers->pages = shared_room((size_t)KTSTR_MAX_WORKERS * PAGE_BYTES);
	return memset(workers->pages + (size_t)index * PAGE_BYTES, 0, sizeof(struct worker_page));
}

/* The next worker, whose process is to be forked. */
static struct worker *add(struct workers *workers, const char *cgroup, const struct start *start)
{
	struct worker *worker;

	if (workers->count == KTSTR_MAX_WORKERS)
		fail_format("worker", "a plan has at most %u workers", KTSTR_MAX_WORKERS);
	if (!workers->all)
		workers->all = shared_room(KTSTR_MAX_WORKERS * sizeof(*workers->all));
	worker = &workers->all[workers->count];
	memset(worker, 0, sizeof(*worker));
	worker->index = workers->count++;
	worker->thread = start->settings->threads;
	snprintf(worker->cgroup, sizeof(worker->cgroup), "%s", cgroup);
	snprintf(worker->group, sizeof(worker->group), "%s", start->settings->group);
	snprintf(worker->kind, sizeof(worker->kind), "%s", start->work.type->name);
	worker->page = page_of(workers, worker->index);
	worker->page->cpu = UINT32_MAX;
	worker->page->phase = worker->page->phase_seen = workers->phase;
	return worker;
}

/* Takes back the last `count` workers, whose process could not be forked. */
static void take_back(struct workers *workers, unsigned int count)
{
	operation_refused("fork");
	workers->count -= count;
}

/* Forks the process of the last `count` workers; false if the kernel refuses. */
static bool fork_workers(struct workers *workers, const char *cgroup, unsigned int count, struct start *start)
{
	struct worker *first = &workers->all[workers->count - count];
	pid_t pid = fork();

	if (pid < 0) {
		take_back(workers, count);
		return false;
	}
	if (!pid) {
		close(workers->gate);
		start->gate = workers->gate_read;
		start->worker = first;
		if (start->settings->threads)
			threads_main(start, count);
		worker_main(start);
	}
	for (unsigned int i = 0; i < count; i++)
		first[i].pid = pid;
	cgroup_attach(cgroup, pid);
	return true;
}

/* Waits until each thread of a new process is there, or was refused. */
static void wait_for_threads(struct worker *first, unsigned int count)
{
	uint64_t start = now_ns();

	for (unsigned int i = 0; i < count; i++) {
		struct worker_page *page = first[i].page;

		while (!__atomic_load_n(&page->task, __ATOMIC_ACQUIRE) && !*(volatile int32_t *)&page->refused &&
		       now_ns() - start < THREADS_NS)
			usleep(100);
		if (!page->refused)
			continue;
		errno = page->refused;
		operation_refused("clone");
		first[i].pid = 0;
		first[i].ended = first[i].gone = true;
	}
}

static void spawn_threads(struct workers *workers, const char *cgroup, unsigned int count, struct start *start)
{
	for (unsigned int i = 0; i < count; i++)
		add(workers, cgroup, start);
	if (fork_workers(workers, cgroup, count, start))
		wait_for_threads(&workers->all[workers->count - count], count);
}

static void spawn_processes(struct workers *workers, const char *cgroup, unsigned int count, struct start *start)
{
	for (start->place = 0; start->place < count; start->place++) {
		if (start->place % 2 == 0)
			pair_open(&start->work);
		start->work.member = start->place;
		add(workers, cgroup, start);
		if (!fork_workers(workers, cgroup, 1, start))
			break;
		/* Both workers of the pair have been forked, and hold its pipes. */
		if (start->place % 2)
			pair_close(&start->work);
	}
}

void workers_spawn(struct workers *workers, const char *cgroup, unsigned int count, const struct work *work,
		   const struct worker_settings *settings)
{
	struct start start = { .settings = settings, .work = *work };

	workers_open_gate(workers);
	observer_spawning(true);
	group_open(&start.work, count);
	if (settings->threads)
		spawn_threads(workers, cgroup, count, &start);
	else
		spawn_processes(workers, cgroup, count, &start);
	group_close(&start.work, count);
	observer_spawning(false);
	/* A hold goes on meanwhile: one that the scheduler does not let reach the gate is not waited for. */
	if (workers->holding)
		let_go(workers);
}

/* Whether the task sleeps: the field of stat(5) after the name, which ends at the last ')'. */
static bool sleeps(pid_t pid)
{
	char path[64], text[512];
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, text, sizeof(text)) <= 0)
		return true; /* it is gone: there is nothing to wait for */
	name_end = strrchr(text, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

/*
 * Waits until every new worker sleeps at the gate, so that what it does there is not taken for work. A worker that the
 * scheduler never lets get there is released all the same: that it does nothing is then the finding.
 */
static void wait_for_all(const struct workers *workers)
{
	uint64_t start = now_ns();

	for (unsigned int i = workers->released; i < workers->count; i++) {
		while (!sleeps(worker_task(&workers->all[i])) && now_ns() - start < GATE_NS) {
			machine_watchdog();
			usleep(1000);
		}
	}
}

void workers_release_now(struct workers *workers)
{
	let_go(workers);
}

uint64_t workers_release(struct workers *workers)
{
	if (workers->gate < 0)
		return now_ns();
	wait_for_all(workers);
	return let_go(workers);
}

/* What the kernel says of a task in /proc/PID/sched: 1 if sched_ext has it, 0 if not, -1 if it does not say. */
static int ext_enabled(pid_t pid)
{
	char path[64], text[8192];
	const char *field;
	int value;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	if (file_read(path, text, sizeof(text)) <= 0)
		return -1;
	field = strstr(text, "ext.enabled");
	if (!field || sscanf(field, "ext.enabled : %d", &value) != 1)
		return -1;
	return value;
}

/*
 * Whether sched_ext has the worker: 1, 0, or -1 if the kernel says it of no task, or if the worker changes its own policy.
 * A kernel that says it of init but not of a live worker is one that something keeps from it: that is no answer.
 */
static int in_ext_class(const struct worker *worker)
{
	pid_t pid = worker_task(worker);
	int value;

	if (*(volatile uint32_t *)&worker->page->own_policy)
		return -1;
	value = ext_enabled(pid);
	if (value < 0 && !kill(pid, 0) && ext_enabled(getpid()) >= 0)
		fail_format("worker", "/proc/%d/sched no longer says whether sched_ext has it", pid);
	return value;
}

static void emit_cpus(const uint64_t *cpus)
{
	char text[KTSTR_MAX_CPUS * 5]; /* four digits and a comma each */
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int cpu = 0; cpu < KTSTR_MAX_CPUS && used < sizeof(text) - 16; cpu++)
		if (cpus[cpu / 64] >> (cpu % 64) & 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", used ? "," : "", cpu);
	emit_text("cpus", text);
}

static void read_gap(const struct worker_page *page, uint64_t excused, struct worker_reading *reading)
{
	uint64_t now = reading->now_ns, gap = 0;

	if (now > page->last_ns) {
		/* It is in a gap. */
		gap = now - page->last_ns;
		gap -= excused < gap ? excused : gap;
	} else {
		/* It is asleep: `last_ns` is when it asked to be woken, so the rest of the sleep is not slept yet. */
		uint64_t rest = page->last_ns - now;

		reading->slept_ns -= rest < reading->slept_ns ? rest : reading->slept_ns;
	}
	if (page->phase_seen == page->phase) {
		reading->gap_ns = page->gap_ns;
		reading->gap_at_ns = page->gap_at_ns;
		memcpy(reading->cpus, page->cpus, sizeof(reading->cpus));
	}
	if (gap > reading->gap_ns) {
		reading->gap_ns = gap;
		reading->gap_at_ns = now;
	}
}

static void look_at(const struct worker *worker, struct worker_reading *reading)
{
	struct worker_page page;
	uint64_t stop_ns;

	memset(reading, 0, sizeof(*reading));
	reading->now_ns = now_ns();
	/* The worker runs on meanwhile: each field is read once. */
	page = *(const volatile struct worker_page *)worker->page;
	reading->counted = worker->pid && read_schedstat(worker_task(worker), &reading->run_ns, &reading->wait_ns);
	stop_ns = worker->stopped_at_ns ? reading->now_ns - worker->stopped_at_ns : 0;
	reading->stopped_ns = page.excused_ns + stop_ns;
	reading->slept_ns = page.slept_ns;
	reading->iterations = page.iterations;
	reading->noted = page.noted;
	reading->migrations = page.migrations;
	memcpy(reading->gaps, page.gaps, sizeof(reading->gaps));
	read_gap(&page, reading->stopped_ns - page.excused_seen, reading);
}

static void emit_worker(const struct worker *worker, const struct worker_reading *seen)
{
	const struct worker_reading *base = &worker->base;
	uint64_t gaps[KTSTR_GAP_BUCKETS];

	for (size_t i = 0; i < KTSTR_GAP_BUCKETS; i++)
		gaps[i] = seen->gaps[i] - base->gaps[i];
	emit_begin("worker");
	emit_u64("index", worker->index);
	emit_text("cgroup", worker->cgroup);
	emit_text("kind", worker->kind);
	emit_i64("pid", worker_task(worker));
	emit_u64("wall_ns", seen->now_ns - base->now_ns);
	if (seen->counted) {
		emit_u64("run_ns", seen->run_ns - base->run_ns);
		emit_u64("wait_ns", seen->wait_ns - base->wait_ns);
		emit_i64("ext", seen->ext);
	}
	if (worker->ended)
		emit_u64("ended", 1);
	else if (!worker->pid)
		emit_i64("wait_status", worker->status);
	emit_u64("iterations", seen->iterations - base->iterations);
	if (seen->noted > base->noted)
		emit_u64("counted", seen->noted - base->noted);
	emit_u64("migrations", seen->migrations - base->migrations);
	emit_u64("gap_ns", seen->gap_ns);
	if (seen->gap_ns)
		emit_u64("gap_at_ns", seen->gap_at_ns);
	emit_u64("slept_ns", seen->slept_ns > base->slept_ns ? seen->slept_ns - base->slept_ns : 0);
	if (seen->stopped_ns > base->stopped_ns)
		emit_u64("stopped_ns", seen->stopped_ns - base->stopped_ns);
	emit_u64s("gaps", gaps, KTSTR_GAP_BUCKETS);
	emit_cpus(seen->cpus);
	emit_end();
}

void workers_report(struct workers *workers)
{
	struct worker_reading *seen = calloc(workers->released + 1, sizeof(*seen));

	if (!seen)
		fail_errno("worker", "reading the workers");
	workers->phase++;
	for (unsigned int i = 0; i < workers->released; i++) {
		struct worker *worker = &workers->all[i];

		if (worker->ended && worker->last)
			seen[i] = *worker->last;
		else
			look_at(worker, &seen[i]);
		*(volatile uint32_t *)&worker->page->phase = workers->phase;
	}
	for (unsigned int i = 0; i < workers->released; i++) {
		struct worker *worker = &workers->all[i];

		if (worker->gone)
			continue;
		if (seen[i].counted && !worker->ended)
			seen[i].ext = in_ext_class(worker);
		emit_worker(worker, &seen[i]);
		worker->base = seen[i];
		worker->gone = worker->ended || !worker->pid;
	}
	free(seen);
}

void worker_note_end(struct worker *worker)
{
	if (worker->ended || !worker->pid)
		return;
	worker->last = calloc(1, sizeof(*worker->last));
	if (!worker->last)
		fail_errno("worker", "reading a worker");
	look_at(worker, worker->last);
	worker->last->ext = in_ext_class(worker);
	worker->ended = true;
}

void worker_end(struct worker *worker)
{
	if (!worker->pid)
		return;
	worker_note_end(worker);
	if (kill(worker->pid, SIGKILL))
		fail_errno("worker", "kill");
}

void worker_stopped(struct worker *worker)
{
	if (!worker->stopped_at_ns)
		worker->stopped_at_ns = now_ns();
}

void worker_continues(struct worker *worker)
{
	if (!worker->stopped_at_ns)
		return;
	*(volatile uint64_t *)&worker->page->excused_ns += now_ns() - worker->stopped_at_ns;
	worker->stopped_at_ns = 0;
}

void workers_reaped(struct workers *workers, pid_t pid, int status)
{
	for (unsigned int i = 0; i < workers->count; i++) {
		if (workers->all[i].pid != pid)
			continue;
		workers->all[i].pid = 0;
		workers->all[i].status = status;
	}
}

/* Reaps those that have ended; returns how many are left. */
static unsigned int reap_ended(struct workers *workers)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < workers->count; i++) {
		struct worker *worker = &workers->all[i];

		if (worker->pid && waitpid(worker->pid, &worker->status, WNOHANG) == worker->pid)
			workers_reaped(workers, worker->pid, worker->status);
		left += worker->pid != 0;
	}
	return left;
}

unsigned int workers_kill(struct workers *workers)
{
	uint64_t last = now_ns(), limit = KILL_NS + workers->count * KILL_EACH_NS;
	unsigned int left, before = 0;

	for (unsigned int i = 0; i < workers->count; i++) {
		if (workers->all[i].pid) {
			kill(workers->all[i].pid, SIGKILL);
			before++;
		}
	}
	while ((left = reap_ended(workers)) && now_ns() - last <= limit) {
		if (left < before)
			last = now_ns();
		before = left;
		usleep(1000);
	}
	return left;
}
