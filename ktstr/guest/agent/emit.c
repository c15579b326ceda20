// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: one JSON object a line. A line is written whole, so that a reader never sees a torn one. A field is put into
 * it whole or not at all, except that a string or a list is cut if it does not fit.
 */
#include <ktstr/event.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ktstr/clock.h>

#include "machine.h"

#define LINE_END "}\n"
#define TEXT_BYTES (KTSTR_EVENT_BYTES - (sizeof(LINE_END) - 1))
#define LEFT_FOR_OTHERS 1024 /* bytes that a long string leaves to the fields after it */

static struct {
	char text[KTSTR_EVENT_BYTES];
	size_t used;
	bool full; /* a field did not fit; none follows it */
} line;

static size_t room(void)
{
	return TEXT_BYTES - line.used;
}

/* Callers have checked that there is room. */
static void put(const char *text, size_t length)
{
	memcpy(line.text + line.used, text, length);
	line.used += length;
}

/* How a byte is written within a string; bytes above 0x7f become Latin-1 code points, so that the line stays ASCII. */
static size_t escape(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (c < 0x20 || c >= 0x7f) {
		memcpy(out, "\\u00", 4);
		out[4] = digits[c >> 4];
		out[5] = digits[c & 15];
		return 6;
	}
	out[0] = (char)c;
	return 1;
}

/* Begins a field whose value has at least `least` bytes; false if it does not fit. Keys need no escapes. */
static bool begin_field(const char *key, size_t least)
{
	size_t length = strlen(key);

	if (line.full || length + sizeof(",\"\":") - 1 + least > room()) {
		line.full = true;
		return false;
	}
	if (line.used > 1)
		put(",", 1);
	put("\"", 1);
	put(key, length);
	put("\":", 2);
	return true;
}

static void put_field(const char *key, const char *value)
{
	if (begin_field(key, strlen(value)))
		put(value, strlen(value));
}

void emit_begin(const char *event)
{
	line.used = 0;
	line.full = false;
	put("{", 1);
	emit_text("ev", event);
	emit_u64("t", now_ns());
}

void emit_text(const char *key, const char *value)
{
	emit_bytes(key, value, strlen(value));
}

void emit_bytes(const char *key, const char *value, size_t length)
{
	char escaped[6];
	size_t most;

	if (!begin_field(key, sizeof("\"\"") - 1))
		return;
	most = line.used + (room() > 2 * LEFT_FOR_OTHERS ? room() - LEFT_FOR_OTHERS : room() / 2);
	put("\"", 1);
	for (size_t i = 0; i < length; i++) {
		size_t bytes = escape(escaped, (unsigned char)value[i]);

		if (line.used + bytes + 1 > most)
			break;
		put(escaped, bytes);
	}
	put("\"", 1);
}

void emit_base64(const char *key, const char *data, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char group[4];

	if (!begin_field(key, sizeof("\"\"") - 1))
		return;
	put("\"", 1);
	for (size_t i = 0; i < length && room() > sizeof(group); i += 3) {
		uint32_t bits = 0;

		for (size_t j = i; j < i + 3; j++)
			bits = bits << 8 | (j < length ? (unsigned char)data[j] : 0);
		for (int digit = 0; digit < 4; digit++)
			group[digit] = i + (size_t)digit > length ? '=' : digits[bits >> (18 - 6 * digit) & 63];
		put(group, sizeof(group));
	}
	put("\"", 1);
}

void emit_u64(const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_field(key, text);
}

void emit_i64(const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	put_field(key, text);
}

void emit_u64s(const char *key, const uint64_t *values, size_t count)
{
	char text[24];

	if (!begin_field(key, sizeof("[]") - 1))
		return;
	put("[", 1);
	for (size_t i = 0; i < count; i++) {
		int length = snprintf(text, sizeof(text), "%s%llu", i ? "," : "", (unsigned long long)values[i]);

		if ((size_t)length + 1 > room())
			break;
		put(text, (size_t)length);
	}
	put("]", 1);
}

void emit_end(void)
{
	memcpy(line.text + line.used, LINE_END, sizeof(LINE_END) - 1);
	machine_console(line.text, line.used + sizeof(LINE_END) - 1);
	line.used = 0;
}

void fail(const char *where, const char *what)
{
	emit_begin("error");
	emit_text("where", where);
	emit_text("what", what);
	emit_end();
	machine_exit(MACHINE_EXIT_AGENT_FAILED);
}

void fail_format(const char *where, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fail(where, text);
}

void fail_errno(const char *where, const char *what)
{
	fail_format(where, "%s: %s", what, strerror(errno));
}
