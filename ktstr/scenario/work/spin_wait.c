// SPDX-License-Identifier: GPL-2.0-only
/* spin_wait: computes without end and never gives up its CPU; with `pause` it executes a PAUSE after each step. */
#include <ktstr/work.h>

enum { PAUSE };

static void spin_wait(struct work *work)
{
	if (work_parameter(work, PAUSE))
		work_step(work);
	else
		work_step_without_pause(work);
}
KTSTR_WORK(spin_wait, spin_wait, "pause=1");
