// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_link <out> <in>...: links BPF objects into one, without their DWARF, which BTF needs while compiling and nothing
 * later. It is nine tenths of an object, and a guest reads every byte it is given.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_linker *linker;
	int error = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: bpf_link <out> <in>...\n");
		return 2;
	}
	/* Linking an object alone keeps what is loaded and drops the rest. */
	linker = bpf_linker__new(argv[1], NULL);
	if (!linker) {
		fprintf(stderr, "bpf_link: error: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (int i = 2; i < argc && !error; i++) {
		error = bpf_linker__add_file(linker, argv[i], NULL);
		if (error)
			fprintf(stderr, "bpf_link: error: %s: %s\n", argv[i], strerror(-error));
	}
	if (!error) {
		error = bpf_linker__finalize(linker);
		if (error)
			fprintf(stderr, "bpf_link: error: %s: %s\n", argv[1], strerror(-error));
	}
	bpf_linker__free(linker);
	return error ? 1 : 0;
}
