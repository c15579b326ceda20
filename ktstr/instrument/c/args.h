/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_ARGS_H
#define KTSTR_PLUGIN_ARGS_H

/* The value of argument `name` if `argument` is `name=value`, else NULL. */
const char *value_of(const char *argument, const char *name);

#endif
