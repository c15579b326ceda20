/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a worker's work from the plan. */
#ifndef KTSTR_AGENT_WORK_PARSE_H
#define KTSTR_AGENT_WORK_PARSE_H

#include "work.h"

/*
 * The work of a type by its name, with its parameters from `words`, each "key=value", up to a NULL. `policy=` is every
 * type's. Fails, naming what is wrong, if there is no such type or parameter, or if a value is not a number or is missing.
 */
struct work work_parse(const char *type, char *const *words);

#endif
