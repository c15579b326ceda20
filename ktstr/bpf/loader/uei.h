/* SPDX-License-Identifier: GPL-2.0-only */
/* `struct user_exit_info`: where the schedulers of scx and of the kernel tree record why they ended. */
#ifndef KTSTR_LOADER_UEI_H
#define KTSTR_LOADER_UEI_H

#include <bpf/libbpf.h>

struct uei {
	const void *kind; /* NULL if the object has no such variable */
	const void *code;
	const char *reason, *message;
	size_t reason_size, message_size;
};

/* Finds it in a loaded object. */
void uei_find(struct bpf_object *object, struct uei *uei);

/* The kind of exit that is recorded; 0: none. */
unsigned int uei_kind(const struct uei *uei);

/* The exit code that is recorded. */
long long uei_code(const struct uei *uei);

#endif
