/* SPDX-License-Identifier: GPL-2.0-only */
/* What every file of the agent needs. Include a header of ktstr before those of the C library: this defines _GNU_SOURCE. */
#ifndef KTSTR_BASICS_H
#define KTSTR_BASICS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ktstr/limits.h>

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

#endif
