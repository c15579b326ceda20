// SPDX-License-Identifier: GPL-2.0-only
/* btf_paths TYPE PATH: finds a path in a section or a type by its name, in the BTF on stdin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/btf.h>

#include "btf_path.h"

static void print_name(const char *name)
{
	puts(name);
}

int main(int argc, char **argv)
{
	static char blob[1 << 16];
	size_t size = fread(blob, 1, sizeof(blob), stdin);
	struct btf_number found;
	struct btf btf = { 0 };
	char *data = malloc(size);
	uint32_t id = 0;

	if (argc != 3)
		return 2;
	memcpy(data, blob, size);
	if (!btf_parse(&btf, data, size)) {
		puts("no BTF");
		btf_free(&btf);
		return 0;
	}
	for (uint32_t i = 1; i < btf.count; i++)
		if (!strcmp(btf_text(&btf, btf_type(&btf, i)->name_off), argv[1]))
			id = i;
	if (btf_path_find(&btf, id, argv[2], &found)) {
		const char *what = found.is_bool ? "bool" : found.is_signed ? "signed" : "unsigned";

		printf("%u %u %s\n", found.offset, found.size, what);
	} else {
		printf("%s\n%s\n", found.wrong, found.wanted ? found.wanted : "-");
		btf_path_names(&btf, found.owner, print_name);
	}
	btf_free(&btf);
	return 0;
}
