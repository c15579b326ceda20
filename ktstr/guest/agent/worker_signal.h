/* SPDX-License-Identifier: GPL-2.0-only */
/* SIGSTOP and SIGCONT for workers. */
#ifndef KTSTR_AGENT_WORKER_SIGNAL_H
#define KTSTR_AGENT_WORKER_SIGNAL_H

#include "worker_choice.h"

/* Stops the processes of the chosen workers, and notes that their threads do not run for that reason. */
void workers_pause(struct workers *workers, const struct worker_choice *choice);

/* Lets them go on. */
void workers_resume(struct workers *workers, const struct worker_choice *choice);

#endif
