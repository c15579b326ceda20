// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that ejects a scheduler while it enables it reports that as success to the program, from 6.17 on: only the log
 * and the exit information that the scheduler itself keeps have it. So a program may live on as if it had attached.
 */
#include "ejection.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/clock.h>

#include "kmsg.h"

#define AGAIN_NS NSEC_PER_SEC /* in which a program says why, or attaches once more */

/* As scx_log_sched_disable() of the kernel says it. One that was unregistered has left, and was not ejected. */
static bool is_ejection(const char *line)
{
	const char *name = strstr(line, "sched_ext: BPF scheduler \"");
	const char *reason = name ? strstr(name, "\" disabled (") : NULL;

	return reason && !strstr(reason, "(unregistered from");
}

void ejection_begin(struct ejection *ejection)
{
	ejection->log = kmsg_end();
	ejection->at_ns = 0;
}

bool ejection_final(struct ejection *ejection)
{
	char line[1024];

	while (ejection->log >= 0 && kmsg_line(ejection->log, line, sizeof(line)) >= 0)
		if (is_ejection(line))
			ejection->at_ns = now_ns();
	return ejection->at_ns && now_ns() - ejection->at_ns > AGAIN_NS;
}

void ejection_end(struct ejection *ejection)
{
	if (ejection->log >= 0)
		close(ejection->log);
}
