// SPDX-License-Identifier: GPL-2.0-only
/* An event for each KIND:LENGTH:BYTE on the command line: one field of each, in that order. */
#include <ktstr/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	emit_begin("fields");
	for (int i = 1; i < argc; i++) {
		char key[16], kind;
		unsigned int byte;
		size_t length;
		char *value;

		if (sscanf(argv[i], "%c:%zu:%u", &kind, &length, &byte) != 3)
			return 2;
		snprintf(key, sizeof(key), "%d", i);
		value = malloc(length + 8);
		memset(value, (int)byte, length);
		value[length] = '\0';
		if (kind == 't')
			emit_text(key, value);
		else if (kind == 'b')
			emit_base64(key, value, length);
		else if (kind == 'n')
			emit_u64(key, UINT64_MAX);
		else if (kind == 'i')
			emit_i64(key, INT64_MIN);
		else if (kind == 'l')
			emit_u64s(key, (const uint64_t *)(const void *)value, length / sizeof(uint64_t));
		free(value);
	}
	emit_end();
	return 0;
}
