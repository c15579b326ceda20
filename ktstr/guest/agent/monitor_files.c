// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers in small files. A line is a name and a number ("SCX_EV_DISPATCH_KEEP_LAST 12", "usage_usec 3"), a name and
 * several "key=number" ("some avg10=0.00 ... total=5"), or just a number. What is not a whole number is left out.
 */
#include "monitor_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

#include "cgroup.h"
#include "files.h"
#include "monitor_columns.h"

#define MOST 32
#define TEXT_BYTES 8192
#define KEY_BYTES 128

static struct {
	struct {
		const char *path, *name;
	} all[MOST];
	unsigned int count;
} files;

void monitor_files_add(const char *path, const char *name)
{
	if (files.count == MOST)
		fail_format("monitor", "at most %u files are read", MOST);
	files.all[files.count].path = path;
	files.all[files.count].name = name;
	files.count++;
}

static bool is_whole(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end;
}

static void put_line(const char *source, char *line)
{
	char *state, *name = strtok_r(line, " \t:", &state), *word;
	char key[KEY_BYTES];
	uint64_t value;

	if (!name)
		return;
	if (is_whole(name, &value)) {
		columns_put(source, "value", value, false);
		return;
	}
	while ((word = strtok_r(NULL, " \t:", &state))) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = '\0';
		if (!is_whole(equals ? equals + 1 : word, &value))
			continue;
		snprintf(key, sizeof(key), "%s%s%s", name, equals ? "." : "", equals ? word : "");
		columns_put(source, key, value, false);
	}
}

static ssize_t read_text(const char *path, char *text)
{
	const char *file = strrchr(path, '/');
	char cgroup[CGROUP_PATH];

	if (*path == '/')
		return file_read(path, text, TEXT_BYTES);
	/* "a/b/cpu.stat" is a file of a cgroup, "cpu.stat" one of the root. */
	snprintf(cgroup, sizeof(cgroup), "%.*s", file ? (int)(file - path) : 0, path);
	return cgroup_read(cgroup, file ? file + 1 : path, text, TEXT_BYTES);
}

void monitor_files_read(void)
{
	char text[TEXT_BYTES];

	for (unsigned int i = 0; i < files.count; i++) {
		char *state, *line;

		if (read_text(files.all[i].path, text) < 0)
			continue;
		for (line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
			put_line(files.all[i].name, line);
	}
}
