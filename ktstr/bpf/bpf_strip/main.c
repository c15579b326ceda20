// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_strip <in> <out>: copies a BPF object without its DWARF, which BTF needs while compiling and nothing later.
 * It is nine tenths of an object, and a guest reads every byte it is given.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_linker *linker;
	int error;

	if (argc != 3) {
		fprintf(stderr, "usage: bpf_strip <in> <out>\n");
		return 2;
	}
	/* Linking an object alone keeps what is loaded and drops the rest. */
	linker = bpf_linker__new(argv[2], NULL);
	if (!linker) {
		fprintf(stderr, "bpf_strip: error: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	error = bpf_linker__add_file(linker, argv[1], NULL);
	if (!error)
		error = bpf_linker__finalize(linker);
	bpf_linker__free(linker);
	if (error)
		fprintf(stderr, "bpf_strip: error: %s: %s\n", argv[1], strerror(-error));
	return error ? 1 : 0;
}
