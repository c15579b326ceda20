// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into QEMU under the virtual clock: its main loop and its CPU thread never run at the same time.
 *
 * Under icount the main loop advances an idle guest's clock: it reads the clock and checks whether all CPUs are idle,
 * while the CPU thread may be in the middle of a run of instructions that are not counted yet. The result then depends on
 * the host's scheduling. The main loop is awake at such a moment because the CPU thread wakes it at every timer, to no
 * purpose (it has run the timer itself), or because it has not finished the start of the guest. QEMU's own record/replay
 * has a lock against that (replay_mutex), but refuses more than one CPU. So here
 *   - only the thread that has the baton runs; the main loop has it unless it sleeps, the CPU thread unless it is idle;
 *   - the CPU thread's writes to eventfds, which wake other threads, are held back until it is idle.
 * Once the guest's end is requested (by a watchdog, a reset, an exit) the main loop must handle it, whether or not the
 * guest is ever idle: from then on nobody waits for the baton, and nothing is held back. A QEMU that does not export
 * whether an end is requested gets the same after FLUSH_NS of the CPU thread's time, and so does a debugger's stop, which
 * cannot be queried.
 *
 * The time of day advances with TLB flushes, not with the host: QEMU shrinks a CPU's TLB that saw little use for 100 ms of
 * that clock (tlb_mmu_resize_locked in accel/tcg/cputlb.c), and a guest can notice: a page whose rights were raised
 * without a flush faults once more exactly if the TLB still had it.
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
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CPU_THREAD "ALL CPUs/TCG" /* QEMU's name for it with debug-threads=on (accel/tcg/tcg-accel-ops-rr.c) */
#define KEPT 16
#define FLUSH_NS 120000000000ULL
/* Between two TLB flushes: what eight busy emulated CPUs took on a host of 2026, so that TLBs get about as large. */
#define TLB_FLUSH_US 500

static _Thread_local bool is_cpu_thread;
static _Thread_local bool has_baton;
static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool guest_ends;

/* Descriptors with a write that is held back; only the CPU thread uses them. */
static int kept[KEPT];
static unsigned int kept_count;
static uint64_t kept_since;

static int (*real_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
static int (*real_setname)(pthread_t, const char *);
static int (*real_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

/* QEMU's (softmmu/runstate.c, system/runstate.c); not 0 once requested. NULL if it does not export them. */
static int (*shutdown_requested)(void);
static int (*reset_requested)(void);

static void take_baton(void)
{
	if (has_baton || atomic_load(&guest_ends))
		return;
	pthread_mutex_lock(&baton);
	has_baton = true;
}

static void give_baton(void)
{
	if (!has_baton)
		return;
	has_baton = false;
	pthread_mutex_unlock(&baton);
}

__attribute__((constructor)) static void begin(void)
{
	/* The default version: without it dlsym returns the one from before 2003, which has another layout. */
	*(void **)&real_cond_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
	if (!real_cond_wait)
		*(void **)&real_cond_wait = dlsym(RTLD_NEXT, "pthread_cond_wait");
	*(void **)&real_setname = dlsym(RTLD_NEXT, "pthread_setname_np");
	*(void **)&real_ppoll = dlsym(RTLD_NEXT, "ppoll");
	*(void **)&shutdown_requested = dlsym(RTLD_DEFAULT, "qemu_shutdown_requested_get");
	*(void **)&reset_requested = dlsym(RTLD_DEFAULT, "qemu_reset_requested_get");
	take_baton();
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

static bool end_requested(void)
{
	return (shutdown_requested && shutdown_requested()) || (reset_requested && reset_requested());
}

int pthread_setname_np(pthread_t thread, const char *name)
{
	if (pthread_equal(thread, pthread_self()) && !strcmp(name, CPU_THREAD))
		is_cpu_thread = true;
	return real_setname(thread, name);
}

/* Whether a write is a notification through an eventfd. */
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
	if (atomic_load(&guest_ends) || end_requested() || cpu_time() - kept_since > FLUSH_NS) {
		atomic_store(&guest_ends, true);
		give_baton();
		write_kept();
	}
	return (ssize_t)size;
}

int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	int status;

	/* The CPU thread waits for work; the main loop waits for the CPU thread, to stop it or to give it work. */
	if (!is_cpu_thread && !is_main_thread())
		return real_cond_wait(cond, mutex);
	if (is_cpu_thread)
		write_kept();
	give_baton();
	status = real_cond_wait(cond, mutex);
	/* The thread that has the baton may need the lock before it can give the baton. */
	pthread_mutex_unlock(mutex);
	take_baton();
	pthread_mutex_lock(mutex);
	return status;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec now = { 0 };
	int ready;

	if (!is_main_thread())
		return real_ppoll(fds, count, timeout, mask);
	/* It does not sleep if it has work or may not wait. */
	ready = real_ppoll(fds, count, &now, mask);
	if (ready || (timeout && !timeout->tv_sec && !timeout->tv_nsec))
		return ready;
	give_baton();
	ready = real_ppoll(fds, count, timeout, mask);
	take_baton();
	return ready;
}

/* The CPU thread asks at each flush, and for hardly anything else; the others ask for times that people read. */
int gettimeofday(struct timeval *tv, void *zone)
{
	static _Atomic uint64_t us;
	uint64_t now;

	(void)zone;
	if (is_cpu_thread)
		atomic_fetch_add(&us, TLB_FLUSH_US);
	now = atomic_load(&us);
	tv->tv_sec = (time_t)(now / 1000000);
	tv->tv_usec = (suseconds_t)(now % 1000000);
	return 0;
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size);

/* The compiler turns a call of ppoll into this one if it knows the array's size. */
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(fds, count, timeout, mask);
}
