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
 * in which it wanted to run. All functions here look at the clock. One that computes by itself must call work_look()
 * every few hundred instructions, and one that blocks must do it through work_sleep(), else its own time counts as time
 * that the scheduler kept it from running.
 */
#ifndef KTSTR_WORK_H
#define KTSTR_WORK_H

#include <ktstr/basics.h>
#include <ktstr/clock.h>
#include <ktstr/event.h>

struct work;

/* A step: computes some hundred instructions, executes PAUSE or what the machine has for it, and looks at the clock. */
void work_step(struct work *work);

/* The same without the PAUSE: what a program that computes looks like to the machine. */
void work_step_without_pause(struct work *work);

/* Steps for `ns` of the clock. */
void work_burst(struct work *work, uint64_t ns);

/* Sleeps for `ns`, counted from the last look at the clock. */
void work_sleep(struct work *work, uint64_t ns);

/* Yields the CPU (sched_yield(2)). */
void work_yield(struct work *work);

/* For paired work types only. The workers of a spawn are pairs in their order; whether this is the first of its pair. */
bool work_is_first(const struct work *work);

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

/* The value of the parameter at `index` in the order of KTSTR_WORK; costs nothing. */
uint64_t work_parameter(const struct work *work, unsigned int index);

struct work_type {
	const char *name;
	void (*once)(struct work *work);
	bool paired;
	const char *parameters[KTSTR_MAX_PARAMETERS + 1];
};

/*
 * Registers a work type. Each parameter is a string: "name", which the plan must give, or "name=5", where 5 is used if
 * the plan does not give it. Values are whole numbers from 0 on; times are in ns and end in _ns. The plan has them as
 * `spawn CGROUP COUNT NAME name=value...`. The linker refuses a second work type of the same name.
 */
#define KTSTR_WORK(name_, function_, ...) KTSTR_WORK_TYPE(name_, function_, false, __VA_ARGS__)

/* The same for one whose workers come in pairs; its Python class sets `multiple = 2`. */
#define KTSTR_PAIRED_WORK(name_, function_, ...) KTSTR_WORK_TYPE(name_, function_, true, __VA_ARGS__)

#define KTSTR_WORK_TYPE(name_, function_, paired_, ...)                                 \
	extern const struct work_type ktstr_work_##name_;                               \
	const struct work_type ktstr_work_##name_                                       \
		__attribute__((used, section("ktstr_work_types"), aligned(sizeof(void *)))) = { \
			#name_, function_, paired_, { __VA_ARGS__ }                     \
		}

#endif
