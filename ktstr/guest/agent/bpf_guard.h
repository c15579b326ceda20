/* SPDX-License-Identifier: GPL-2.0-only */
/* Refuses BPF programs that change what the agent's own system calls return. docs/trust.md says which. */
#ifndef KTSTR_AGENT_BPF_GUARD_H
#define KTSTR_AGENT_BPF_GUARD_H

/*
 * To be called before the booted guest is kept: to attach a program takes 50 ms of guest time, which no run has to spend so. It
 * does nothing on a kernel that lacks BTF, the hooks or BPF programs of that kind; then there is no guard.
 */
void bpf_guard_set_up(void);

/* From here on such programs are refused, whoever loads them. It stays so. */
void bpf_guard_turn_on(void);

#endif
