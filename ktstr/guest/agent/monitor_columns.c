// SPDX-License-Identifier: GPL-2.0-only
/* The numbers of a sample that have names. */
#include "monitor_columns.h"

#include <stdio.h>
#include <string.h>

#include <ktstr/event.h>

#define MOST 256
#define NAME_BYTES 96

struct column {
	char source[NAME_BYTES], key[NAME_BYTES];
	uint64_t value;
	bool there; /* in this sample */
};

static struct {
	struct column all[MOST];
	unsigned int count;
	unsigned int last; /* that was put: mostly the one after it follows */
} columns;

void columns_forget(void)
{
	columns.count = 0;
	columns.last = 0;
}

void columns_begin(void)
{
	for (unsigned int i = 0; i < columns.count; i++)
		columns.all[i].there = false;
}

static struct column *add(const char *source, const char *key, bool is_signed)
{
	struct column *column = &columns.all[columns.count];

	if (columns.count == MOST)
		return NULL;
	snprintf(column->source, NAME_BYTES, "%s", source);
	snprintf(column->key, NAME_BYTES, "%s", key);
	emit_begin("monitor_column");
	emit_u64("column", columns.count);
	emit_text("source", column->source);
	emit_text("name", column->key);
	emit_u64("signed", is_signed);
	emit_end();
	columns.last = columns.count++;
	return column;
}

static bool is_called(const struct column *column, const char *source, const char *key)
{
	return !strncmp(column->key, key, NAME_BYTES - 1) && !strncmp(column->source, source, NAME_BYTES - 1);
}

static struct column *find(const char *source, const char *key)
{
	for (unsigned int i = 0; i < columns.count; i++) {
		unsigned int at = (columns.last + 1 + i) % columns.count;

		if (is_called(&columns.all[at], source, key)) {
			columns.last = at;
			return &columns.all[at];
		}
	}
	return NULL;
}

void columns_put(const char *source, const char *key, uint64_t value, bool is_signed)
{
	struct column *column = find(source, key);

	if (!column)
		column = add(source, key, is_signed);
	if (!column)
		return;
	column->value = value;
	column->there = true;
}

void columns_emit(void)
{
	uint64_t values[MOST], missing[MOST];
	unsigned int lacks = 0;

	for (unsigned int i = 0; i < columns.count; i++) {
		values[i] = columns.all[i].there ? columns.all[i].value : 0;
		if (!columns.all[i].there)
			missing[lacks++] = i;
	}
	if (columns.count)
		emit_u64s("values", values, columns.count);
	if (lacks)
		emit_u64s("missing", missing, lacks);
}
