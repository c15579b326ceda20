/* SPDX-License-Identifier: GPL-2.0-only */
/* What a fuzz target needs: libFuzzer's entry point, or that of mutate.c, and a machine whose guest's end returns. */
#ifndef KTSTR_FUZZ_H
#define KTSTR_FUZZ_H

#include <ktstr/basics.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* One input; a target in fuzz_*.c. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where fail() returns to: a target calls setjmp(fuzz_end) before it calls the agent. */
extern jmp_buf fuzz_end;

#endif
