/* SPDX-License-Identifier: GPL-2.0-only */
/* A worker's work as the plan has it. */
#ifndef KTSTR_AGENT_WORK_PARSE_H
#define KTSTR_AGENT_WORK_PARSE_H

#include "work.h"

/*
 * The work of a type by its name, with its parameters from `words`, each "key=value", up to a NULL. `policy=` is every
 * type's. Fails, naming what is wrong, if there is no such type or parameter, or if a value is none or missing.
 */
struct work work_parse(const char *type, char *const *words);

#endif
