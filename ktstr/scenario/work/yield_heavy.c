// SPDX-License-Identifier: GPL-2.0-only
/* yield_heavy: yields after every step. */
#include <ktstr/work.h>

static void yield_heavy(struct work *work)
{
	work_step(work);
	work_yield(work);
}
KTSTR_WORK(yield_heavy, yield_heavy);
