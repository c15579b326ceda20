/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_ARGUMENTS_H
#define KTSTR_PLUGIN_ARGUMENTS_H

/* The value of argument `name` if `argument` is that one ("name=value"), else NULL. */
const char *value_of(const char *argument, const char *name);

#endif
