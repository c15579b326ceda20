// SPDX-License-Identifier: GPL-2.0-only
/*
 * The input is the length of a path in a byte, the path, and BTF: the path is looked for in every type, and as the name of
 * one.
 */
#include "fuzz.h"

#include "btf_path.h"

static size_t names;

static void count_name(const char *name)
{
	names += strlen(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = size ? data[0] : 0;
	struct btf_number found;
	uint32_t offset;
	struct btf btf = { 0 };
	char path[256], *blob;

	if (size < 1 + length)
		return 0;
	memcpy(path, data + 1, length);
	path[length] = '\0';
	size -= 1 + length;
	blob = malloc(size ? size : 1);
	memcpy(blob, data + 1 + length, size);
	if (!setjmp(fuzz_end) && btf_parse(&btf, blob, size)) {
		for (uint32_t id = 0; id < btf.count && id < 256; id++) {
			if (!btf_path_find(&btf, id, path, &found) && found.owner)
				btf_path_names(&btf, found.owner, count_name);
			btf_path_offset(&btf, id, path, &offset);
		}
		names += btf_struct(&btf, path) + btf_function(&btf, path);
	}
	btf_free(&btf);
	return 0;
}
