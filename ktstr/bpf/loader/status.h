/* SPDX-License-Identifier: GPL-2.0-only */
/* The exit statuses of the loader. */
#ifndef KTSTR_LOADER_STATUS_H
#define KTSTR_LOADER_STATUS_H

enum {
	STOPPED = 0, /* asked to stop, and did */
	REFUSED = 1, /* the kernel or its verifier refused the scheduler */
	UNUSABLE = 2, /* the arguments or the object are wrong */
	EXITED = 3, /* the scheduler ended by itself */
};

#endif
