// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler's program that attaches again whenever its BPF was ejected. The object, `object` of `object_size` bytes, is
 * in a file that the test writes.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

extern const char object[];
extern const unsigned int object_size;

static bool is_attached(void)
{
	char state[16] = "";
	FILE *file = fopen("/sys/kernel/sched_ext/state", "r");

	if (!file || !fgets(state, sizeof(state), file))
		return false;
	fclose(file);
	return strncmp(state, "disabled", 8);
}

int main(void)
{
	for (;;) {
		struct bpf_object *bpf = bpf_object__open_mem(object, object_size, NULL);
		struct bpf_map *map;

		if (!bpf || bpf_object__load(bpf))
			return 1;
		bpf_object__for_each_map(map, bpf)
			if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && !bpf_map__attach_struct_ops(map))
				return 1;
		puts("attached");
		fflush(stdout);
		while (is_attached())
			usleep(1000);
		bpf_object__close(bpf);
	}
}
