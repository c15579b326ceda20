/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits that the agent and the Python side share. Python reads this file (ktstr/base/limits.py), so every line that
 * defines one is `#define NAME NUMBER`, and the number is decimal.
 */
#ifndef KTSTR_LIMITS_H
#define KTSTR_LIMITS_H

/* CPUs of a guest. */
#define KTSTR_MAX_CPUS 1024

/* Workers of a plan, over all its cgroups. */
#define KTSTR_MAX_WORKERS 4096

/* Words of a line of the plan: the operation's name and its arguments. */
#define KTSTR_MAX_TOKENS 256

/* Bursts of a perturber in one hold. */
#define KTSTR_MAX_BURSTS 4096

/* Writes to a scheduler's variables that wait for their time in a hold. */
#define KTSTR_MAX_WRITES 64

/* Operations that wait for their time in one hold. */
#define KTSTR_MAX_QUEUED 4096

/* Buckets of a worker's histogram of gaps: bucket i counts those from 2^i ns up to 2^(i+1) ns. */
#define KTSTR_GAP_BUCKETS 32

/* Parameters of one work type. */
#define KTSTR_MAX_PARAMETERS 8

/* Payloads that a plan starts. */
#define KTSTR_MAX_PAYLOADS 256

/* Bytes of an event, its newline included. */
#define KTSTR_EVENT_BYTES 16384

#endif
