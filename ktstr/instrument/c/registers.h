/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_REGISTERS_H
#define KTSTR_PLUGIN_REGISTERS_H

#include <stdint.h>

/*
 * The first or second argument (0, 1) of the guest's function that begins with the instruction which the current CPU is
 * about to execute; 0 if it cannot be read.
 */
uint64_t argument_of_call(unsigned int which);

#endif
