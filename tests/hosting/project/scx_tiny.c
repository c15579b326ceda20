// SPDX-License-Identifier: GPL-2.0-only
/* Loads and attaches the scheduler, and keeps it until it is asked to stop. */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

__asm__(".section .rodata\n"
	".balign 8\n"
	"object_begin: .incbin \"scx_tiny.bpf.o\"\n"
	"object_end:\n"
	".previous\n");
extern const char object_begin[], object_end[];

int main(void)
{
	struct bpf_object *object;
	struct bpf_link *link;
	struct bpf_map *ops;
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	object = bpf_object__open_mem(object_begin, object_end - object_begin, NULL);
	if (!object || bpf_object__load(object))
		return 1;
	ops = bpf_object__find_map_by_name(object, "tiny_ops");
	link = ops ? bpf_map__attach_struct_ops(ops) : NULL;
	if (!link) {
		perror("scx_tiny: attach");
		return 1;
	}
	printf("scx_tiny: attached\n");
	fflush(stdout);
	sigwait(&stop, &signal);
	bpf_link__destroy(link);
	bpf_object__close(object);
	return 0;
}
