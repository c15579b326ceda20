// SPDX-License-Identifier: GPL-2.0-only
/* spin_wait: computes without end and never gives up its CPU; with `pause` it executes a PAUSE after each step. */
#include <ktstr/work.h>

enum { PAUSE };

static void spin_wait(struct work *work)
{
	work_spin(work, work_parameter(work, PAUSE));
}
KTSTR_WORK(spin_wait, spin_wait, "pause=1");
