// SPDX-License-Identifier: GPL-2.0-only
/*
 * serialize.c for a QEMU that serves a debugger. The main loop stops a machine, but it has the baton only while the CPU
 * thread has nothing to do. So here
 *   - when a breakpoint has stopped one CPU, the main loop stops the machine before another CPU goes on;
 *   - the main loop gets the baton when there is something for it to read, such as a debugger's Ctrl-C.
 * Up to the first of these a guest runs exactly as it does without a debugger.
 */
#include "serialize.c"

static atomic_bool main_has_read; /* or it waits for the baton to read it */
static pthread_mutex_t *big_lock; /* QEMU's, as the CPU thread knows it */

static int (*real_unlock)(pthread_mutex_t *);
static int (*unnoticed_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
static int (*unnoticed_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

/* QEMU's (softmmu/cpus.c, system/cpus.c); NULL if it does not export them. */
static void *(*get_cpu)(int);
static bool (*cpu_is_stopped)(void *);
static bool (*is_running)(void);

static int noticed_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	if (is_cpu_thread)
		big_lock = mutex;
	else
		atomic_store(&main_has_read, false); /* it now waits for the CPU thread, which must go on */
	return unnoticed_cond_wait(cond, mutex);
}

static int noticed_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	int ready;

	if (!is_main_thread())
		return unnoticed_ppoll(fds, count, timeout, mask);
	atomic_store(&main_has_read, false);
	ready = unnoticed_ppoll(fds, count, timeout, mask);
	atomic_store(&main_has_read, ready > 0);
	return ready;
}

__attribute__((constructor)) static void begin_debugged(void)
{
	/* serialize.c calls what it has wrapped through these. */
	unnoticed_cond_wait = real_cond_wait;
	real_cond_wait = noticed_cond_wait;
	unnoticed_ppoll = real_ppoll;
	real_ppoll = noticed_ppoll;
	*(void **)&get_cpu = dlsym(RTLD_DEFAULT, "qemu_get_cpu");
	*(void **)&cpu_is_stopped = dlsym(RTLD_DEFAULT, "cpu_is_stopped");
	*(void **)&is_running = dlsym(RTLD_DEFAULT, "runstate_is_running");
}

/* Whether a breakpoint has stopped a CPU while the machine still runs. */
static bool one_is_stopped(void)
{
	void *cpu;

	if (!get_cpu || !cpu_is_stopped || !is_running || !is_running())
		return false;
	for (int i = 0; (cpu = get_cpu(i)); i++)
		if (cpu_is_stopped(cpu))
			return true;
	return false;
}

/* The CPU thread unlocks the big lock before it runs a CPU. */
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int status;

	if (!real_unlock) /* the constructors of other libraries come before ours */
		*(void **)&real_unlock = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	status = real_unlock(mutex);
	if (!is_cpu_thread || mutex != big_lock)
		return status;
	if (one_is_stopped()) {
		write_kept();
		give_baton();
		while (is_running())
			sched_yield();
		/* The main loop gives it back when it has notified all CPUs. */
		take_baton();
	}
	while (atomic_load(&main_has_read)) {
		give_baton();
		sched_yield();
		take_baton();
	}
	return status;
}
