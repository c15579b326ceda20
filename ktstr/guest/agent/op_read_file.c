// SPDX-License-Identifier: GPL-2.0-only
/* read_file PATH CONTAINING: reports the lines of a file that contain a text (empty: all). */
#include <ktstr/operation.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES (8 * 1024) /* what an event has room for, with what has to be escaped */

static bool read_file(const struct arguments *arguments)
{
	const char *path = argument_text(arguments, "path"), *containing = argument_text(arguments, "containing");
	char text[TEXT_BYTES], *line = NULL;
	FILE *file = fopen(path, "re");
	size_t room = 0, used = 0;
	bool whole = true;
	ssize_t length;

	if (!file) {
		operation_refused(path);
		return true;
	}
	text[0] = '\0';
	errno = 0;
	while ((length = getline(&line, &room, file)) >= 0) {
		if (!strstr(line, containing))
			continue;
		if (used + (size_t)length >= sizeof(text)) {
			whole = false;
			break;
		}
		memcpy(text + used, line, (size_t)length + 1);
		used += (size_t)length;
	}
	if (ferror(file))
		operation_refused(path);
	free(line);
	fclose(file);
	emit_begin("file");
	emit_text("path", path);
	emit_u64("whole", whole);
	emit_text("text", text);
	emit_end();
	return true;
}
KTSTR_OPERATION(read_file, "path containing", read_file);
