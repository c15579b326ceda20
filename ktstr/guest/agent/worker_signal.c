// SPDX-License-Identifier: GPL-2.0-only
/* SIGSTOP and SIGCONT for workers. */
#include "worker_signal.h"

#include <errno.h>
#include <signal.h>

/* What a signal does to a worker does it to all threads of its process. */
static void for_each_thread(struct workers *workers, const struct worker *worker, void (*note)(struct worker *worker))
{
	for (unsigned int i = 0; i < workers->count; i++)
		if (workers->all[i].pid == worker->pid)
			note(&workers->all[i]);
}

static bool send(const struct worker *worker, int signal)
{
	if (!kill(worker->pid, signal))
		return true;
	if (errno != ESRCH)
		operation_refused("kill");
	return false;
}

void workers_pause(struct workers *workers, const struct worker_choice *choice)
{
	for (unsigned int i = 0; i < choice->count; i++)
		if (send(choice->all[i], SIGSTOP))
			for_each_thread(workers, choice->all[i], worker_stopped);
}

void workers_resume(struct workers *workers, const struct worker_choice *choice)
{
	for (unsigned int i = 0; i < choice->count; i++) {
		for_each_thread(workers, choice->all[i], worker_continues);
		send(choice->all[i], SIGCONT);
	}
}
