/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An operation of the plan. A plan is a list of lines; each is the name of an operation and its arguments. The agent
 * carries them out in order. One C file adds one:
 *
 *	#include <ktstr/operation.h>
 *
 *	static bool drop_caches(const struct arguments *arguments)
 *	{
 *		emit_begin("dropped");
 *		emit_u64("level", argument_u64(arguments, "level"));
 *		emit_end();
 *		return true;
 *	}
 *	KTSTR_OPERATION(drop_caches, "level:u32", drop_caches);
 *
 * The function returns true to go on with the plan, and false to leave the rest of the plan out, because it would
 * measure nothing. It calls fail() if it cannot do its work. It runs in the agent, the guest's init, which is
 * SCHED_FIFO 50 on the last CPU: while it computes, nothing else runs there.
 */
#ifndef KTSTR_OPERATION_H
#define KTSTR_OPERATION_H

#include <ktstr/basics.h>
#include <ktstr/clock.h>
#include <ktstr/event.h>

/* The arguments of a line. Their number and types have been checked when the operation is called. */
struct arguments;

/* The argument of that name, as the plan has it. */
const char *argument_text(const struct arguments *arguments, const char *name);

/* The argument of that name as a whole number from 0 on; fails with a message if it is none. */
uint64_t argument_u64(const struct arguments *arguments, const char *name);
uint32_t argument_u32(const struct arguments *arguments, const char *name);

/* The arguments from the one of that name on, up to a NULL: what execve(2) takes. */
char *const *arguments_from(const struct arguments *arguments, const char *name);

/* Fails with "NAME: ARGUMENT=VALUE: why". */
void argument_refuse(const struct arguments *arguments, const char *name, const char *why) __attribute__((noreturn));

/*
 * Notes that the kernel refused the operation, with errno; `what` is the system call or the file that it refused. The
 * operation then returns true: the plan goes on, the event `op` has the refusal, and the host says whose fault it is.
 */
void operation_refused(const char *what);

struct operation {
	const char *name;
	const char *arguments;
	bool (*carry_out)(const struct arguments *arguments);
};

/*
 * Registers an operation. `arguments` names its arguments, with one space between two of them: `name` or `name:text`
 * is a text, `name:u64` and `name:u32` are whole numbers, `name...` at the end is any number of texts, also none.
 * The linker refuses a second operation of the same name.
 */
#define KTSTR_OPERATION(name_, arguments_, function_)                                            \
	extern const struct operation ktstr_operation_##name_;                                   \
	const struct operation ktstr_operation_##name_                                           \
		__attribute__((used, section("ktstr_operations"), aligned(sizeof(void *)))) = { \
			#name_, arguments_, function_                                            \
		}

#endif
