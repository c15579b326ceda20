// SPDX-License-Identifier: GPL-2.0-only
/* The fixtures' view of the tasks that a test runs: the agent names its workers `ktstr-w<index>`. */
#ifndef WORKER_BPF_H
#define WORKER_BPF_H

/* The last digit of a worker's index; -1 for any other task. */
static __always_inline int worker_digit(const struct task_struct *p)
{
	static const char prefix[] = "ktstr-w";
	int digit = -1;

	for (int i = 0; i < (int)sizeof(prefix) - 1; i++)
		if (p->comm[i] != prefix[i])
			return -1;
	for (int i = sizeof(prefix) - 1; i < (int)sizeof(p->comm); i++) {
		if (p->comm[i] < '0' || p->comm[i] > '9')
			break;
		digit = p->comm[i] - '0';
	}
	return digit;
}

#endif
