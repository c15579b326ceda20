/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A work type: what a worker does. A worker is a process of the guest that calls one function over and over until it is
 * killed. One C file adds a work type:
 *
 *	#include <ktstr/work.h>
 *
 *	enum { BURST_NS, YIELDS };
 *
 *	static void bouncy(struct work *work)
 *	{
 *		work_burst(work, work_parameter(work, BURST_NS));
 *		for (uint64_t i = 0; i < work_parameter(work, YIELDS); i++)
 *			work_yield(work);
 *	}
 *	KTSTR_WORK(bouncy, bouncy, "burst_ns", "yields=1");
 *
 * A worker is judged by its gaps: the time between two looks at the clock, less the time that it asked to sleep, is time
 * in which it wanted to run. All functions here look at the clock. One that computes by itself must call work_look() or
 * work_stepped() every few hundred instructions, and one that blocks must do it through work_sleep() and the like, or
 * between work_blocks() and work_unblocked(), else its own time counts as time that the scheduler kept it from running.
 */
#ifndef KTSTR_WORK_H
#define KTSTR_WORK_H

#include <ktstr/basics.h>
#include <ktstr/clock.h>
#include <ktstr/event.h>

#include <sched.h>

struct work;

/* A step: computes some hundred instructions, executes PAUSE or what the machine has for it, and looks at the clock. */
void work_step(struct work *work);

/* What a step does after it has computed. A function that computes by itself calls it in its place. */
void work_stepped(struct work *work);

/*
 * Steps between two looks at the clock that are some ten microseconds apart, so that looking costs less than a hundredth of
 * the machine's time. Without `pause` they execute no PAUSE: what a program that computes looks like to the machine.
 */
void work_spin(struct work *work, bool pause);

/* So many steps. */
void work_steps(struct work *work, uint64_t count);

/* Steps for `ns` of the clock. */
void work_burst(struct work *work, uint64_t ns);

/* Sleeps for `ns`, counted from the last look at the clock. */
void work_sleep(struct work *work, uint64_t ns);

/*
 * Around a system call of its own in which a worker blocks: it sleeps for `ns`, or until it was woken at `woken_ns`,
 * whichever is earlier. What comes after that is a gap.
 */
void work_blocks(struct work *work, uint64_t ns);
void work_unblocked(struct work *work, uint64_t woken_ns);

/* For work_blocks(), if it waits for another task: longer than any hold. */
#define WORK_UNTIL_WOKEN_NS (3600 * NSEC_PER_SEC)

/* Yields the CPU (sched_yield(2)). */
void work_yield(struct work *work);

/*
 * For work types of groups only. The workers of a spawn are groups in their order: the worker's place in its group, from 0,
 * and how many are in it.
 */
unsigned int work_place(const struct work *work);
unsigned int work_group_size(const struct work *work);

/* Memory of a group, a cache line for each place. All of it is zero at first, and what is done with it is up to the type. */
struct work_line {
	uint32_t word;	   /* of work_post() and work_await(), or a lock */
	uint64_t woken_ns; /* when it was posted or unlocked */
	uint64_t value;	   /* free for use */
} __attribute__((aligned(64)));

struct work_line *work_line(const struct work *work, unsigned int place);

/* Wakes the worker at that place by a futex. What it has not taken yet is not posted twice. */
void work_post(struct work *work, unsigned int place);

/* Sleeps until this worker is posted, and takes that. */
void work_await(struct work *work);

/* A lock on a futex, as the C library's: whoever comes first gets it. A worker that waits for it is asleep. */
void work_lock(struct work *work, struct work_line *lock);
void work_unlock(struct work *work, struct work_line *lock);

/* Sleeps until the futex `line->word` is not `value` any more; then work_wake_all() has woken it. */
void work_wait_while(struct work *work, struct work_line *line, uint32_t value);

/* Adds one to the futex `line->word`, and wakes all that wait there. */
void work_wake_all(struct work *work, struct work_line *line);

/* For paired work types only: groups of two with a pipe in each direction. Whether this is the first of its pair. */
bool work_is_first(const struct work *work);

/* The read end of the pipe through which the other worker wakes this one. */
int work_inbox(const struct work *work);

/* Takes the next wakeup from there, for which it waits if there is none yet; returns when it was sent, in ns. */
uint64_t work_take(const struct work *work);

/* Wakes the other worker of the pair, through a pipe. */
void work_wake(struct work *work);

/* Sleeps until the other worker has called work_wake() once more than this one has waited. */
void work_wait(struct work *work);

/* Looks at the clock and accounts the gap since the last look; returns the time in ns. */
uint64_t work_look(struct work *work);

/* The time of the last look, in ns; costs nothing. */
uint64_t work_looked_at(const struct work *work);

/* How many steps the worker has done. A function that computes by itself counts its steps with work_count(). */
uint64_t work_iterations(const struct work *work);
void work_count(struct work *work);

/*
 * Adds one to the worker's own count of what its type is there for, where iterations do not say it. The worker's report has
 * it as `counted`.
 */
void work_note(struct work *work);

/* The value of the parameter at `index` in the order of KTSTR_WORK; costs nothing. */
uint64_t work_parameter(const struct work *work, unsigned int index);

/* The same for a text. */
const char *work_text(const struct work *work, unsigned int index);

/*
 * Memory of this worker, zero at first and the same at each call, shared with processes that it forks. A worker has only
 * one: `bytes` must be the same each time.
 */
void *work_memory(struct work *work, size_t bytes);

/*
 * Gives this worker the policy, a number of sched_setscheduler(2), and a nice value; the other one stays. Whether it is in
 * the ext class is not reported from the first change of its policy on, because that depends on the instant.
 */
void work_set_policy(struct work *work, int policy);
void work_set_nice(int nice);

/*
 * For a process that the worker has forked: executes a program that computes `steps`, writes the time in ns to the
 * descriptor `report`, and exits with 0, or with 1 if it could not.
 */
void work_execute(uint64_t steps, int report) __attribute__((noreturn));

/* A random number; it follows from the run's seed, the worker's number, and how many it has drawn. */
uint64_t work_random(struct work *work);

/* One CPU of a set that is not empty, drawn like that. */
int work_draw_cpu(struct work *work, const cpu_set_t *cpus);

/* Writes `bytes` to a file of this worker in a tmpfs, from its start, and has them synchronized. Never sleeps there. */
void work_write(struct work *work, uint64_t bytes);

struct work_type {
	const char *name;
	void (*once)(struct work *work);
	bool paired;
	unsigned int (*group_size)(const struct work *work); /* NULL: a worker is alone */
	const char *parameters[KTSTR_MAX_PARAMETERS + 1];
};

/*
 * Registers a work type. Each parameter is a string: "name", which the plan must give, or "name=5", where 5 is used if
 * the plan does not give it. Values are whole numbers from 0 on; times are in ns and end in _ns. "name:text" is a text,
 * which the plan must give. The plan has them as `spawn CGROUP COUNT NAME name=value...`. The linker refuses a second
 * work type of the same name.
 */
#define KTSTR_WORK(name_, function_, ...) KTSTR_WORK_TYPE(name_, function_, false, NULL, __VA_ARGS__)

/*
 * The same for one whose workers come in groups. `size_` is a function that says from the parameters how many are in
 * one; its Python class says the same by `multiple` or `together`.
 */
#define KTSTR_GROUP_WORK(name_, function_, size_, ...) KTSTR_WORK_TYPE(name_, function_, false, size_, __VA_ARGS__)

/* The same for one whose workers come in pairs that have pipes; its Python class sets `multiple = 2`. */
#define KTSTR_PAIRED_WORK(name_, function_, ...) KTSTR_WORK_TYPE(name_, function_, true, work_two, __VA_ARGS__)

/* The size of a group of two. */
unsigned int work_two(const struct work *work);

#define KTSTR_WORK_TYPE(name_, function_, paired_, size_, ...)                          \
	extern const struct work_type ktstr_work_##name_;                               \
	const struct work_type ktstr_work_##name_                                       \
		__attribute__((used, section("ktstr_work_types"), aligned(sizeof(void *)))) = { \
			#name_, function_, paired_, size_, { __VA_ARGS__ }              \
		}

#endif
