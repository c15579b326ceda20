/* SPDX-License-Identifier: GPL-2.0-only */
/* What the arguments ask for. */
#ifndef KTSTR_LOADER_REQUEST_H
#define KTSTR_LOADER_REQUEST_H

#include <stdbool.h>

struct request {
	const char *object;
	const char *each; /* the folder in which --each pins the programs; NULL without it */
	const char *ops; /* the variable of the scheduler that is meant; NULL: the only one */
	char **runs; /* programs to run before the scheduler is attached, NULL-terminated; allocated */
	char **then; /* programs to run as soon as it is attached, likewise */
	char **values; /* path=value, NULL-terminated; allocated */
	char **programs; /* name=0 or name=1, whether to load it, NULL-terminated; allocated */
	char **rodata; /* name=value, NULL-terminated; reuses argv */
	unsigned int watchdog_ms; /* of a scheduler that has none of its own; 0: the kernel's */
	bool check;
};

/* Reads the arguments. Returns 0, or -1 having said what is wrong. */
int request_parse(char **argv, struct request *request);

#endif
