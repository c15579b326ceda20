/* SPDX-License-Identifier: GPL-2.0-only */
/* --each: the programs of an object, one by one. */
#ifndef KTSTR_LOADER_PROGRAMS_H
#define KTSTR_LOADER_PROGRAMS_H

#include "request.h"

/* Loads each by itself and pins it. Returns the exit status. */
int programs_load(const struct request *request);

#endif
