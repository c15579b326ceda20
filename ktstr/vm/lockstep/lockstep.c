// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into QEMU under the virtual clock: its main loop and its CPU thread never run at the same time.
 *
 * Under icount an idle guest's time is moved on by the main loop, which takes the time and looks whether all CPUs are idle
 * while the CPU thread may be in the middle of a run of instructions that are not yet counted. What comes out then depends
 * on the host's scheduling. The main loop is awake at such a moment because the CPU thread wakes it at every timer, for
 * nothing: it has run the timer itself. QEMU's own record/replay has a lock against that (replay_mutex), but refuses more
 * than one CPU. So here
 *   - what the CPU thread writes to eventfds, which is how it wakes others, is kept back until it has nothing to do;
 *   - when it gets something to do again, it waits until the main loop sleeps.
 * A guest that is never idle would keep the main loop from ending QEMU for it (watchdog, reset): after FLUSH_NS of the
 * thread's CPU time what was kept back is written all the same.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CPU_THREAD "ALL CPUs/TCG" /* QEMU's name for it with debug-threads=on (accel/tcg/tcg-accel-ops-rr.c) */
#define KEPT 16
#define FLUSH_NS 20000000000ULL

static _Thread_local bool is_cpu_thread;
static atomic_bool main_sleeps;

/* Descriptors with a write that was kept back; only the CPU thread looks at them. */
static int kept[KEPT];
static unsigned int kept_count;
static uint64_t kept_since;

static int (*real_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
static int (*real_setname)(pthread_t, const char *);
static int (*real_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

__attribute__((constructor)) static void find_real(void)
{
	/* The default version: without it dlsym gives the one of before 2003, with another layout. */
	*(void **)&real_cond_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
	if (!real_cond_wait)
		*(void **)&real_cond_wait = dlsym(RTLD_NEXT, "pthread_cond_wait");
	*(void **)&real_setname = dlsym(RTLD_NEXT, "pthread_setname_np");
	*(void **)&real_ppoll = dlsym(RTLD_NEXT, "ppoll");
}

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static bool is_main_thread(void)
{
	return getpid() == (pid_t)syscall(SYS_gettid);
}

static void write_kept(void)
{
	const uint64_t one = 1;

	for (unsigned int i = 0; i < kept_count; i++)
		(void)!syscall(SYS_write, kept[i], &one, sizeof(one));
	kept_count = 0;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
	if (pthread_equal(thread, pthread_self()) && !strcmp(name, CPU_THREAD))
		is_cpu_thread = true;
	return real_setname(thread, name);
}

/* Whether a write is one to an eventfd: a notification. */
static bool notifies(const void *data, size_t size)
{
	uint64_t value;

	if (size != sizeof(value))
		return false;
	memcpy(&value, data, sizeof(value));
	return value == 1;
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (!is_cpu_thread || !notifies(data, size))
		return syscall(SYS_write, fd, data, size);
	if (!kept_count)
		kept_since = cpu_time();
	for (unsigned int i = 0; i < kept_count; i++)
		if (kept[i] == fd)
			goto is_kept;
	if (kept_count == KEPT)
		write_kept();
	kept[kept_count++] = fd;
is_kept:
	if (cpu_time() - kept_since > FLUSH_NS)
		write_kept();
	return (ssize_t)size;
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	int status;

	if (is_main_thread()) {
		/* It waits for the CPU thread, to stop it or to have it do something. */
		atomic_store(&main_sleeps, true);
		status = real_cond_wait(cond, mutex);
		atomic_store(&main_sleeps, false);
		return status;
	}
	if (!is_cpu_thread)
		return real_cond_wait(cond, mutex);
	write_kept();
	status = real_cond_wait(cond, mutex);
	/* Whoever woke it may still have to go round its loop: it does, with the lock that it needs for that. */
	while (!atomic_load(&main_sleeps)) {
		pthread_mutex_unlock(mutex);
		sched_yield();
		pthread_mutex_lock(mutex);
	}
	return status;
}

static int poll_as_main(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec now = { 0 };
	int ready;

	/* With something to do, or no time to wait, it does not sleep. */
	ready = real_ppoll(fds, count, &now, mask);
	if (ready || (timeout && !timeout->tv_sec && !timeout->tv_nsec))
		return ready;
	atomic_store(&main_sleeps, true);
	ready = real_ppoll(fds, count, timeout, mask);
	atomic_store(&main_sleeps, false);
	return ready;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	if (!is_main_thread())
		return real_ppoll(fds, count, timeout, mask);
	return poll_as_main(fds, count, timeout, mask);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size);

/* What a call of ppoll becomes where the compiler knows the array's size. */
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(fds, count, timeout, mask);
}
