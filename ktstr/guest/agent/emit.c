// SPDX-License-Identifier: GPL-2.0-only
/* Events: one JSON object a line. A line is written whole, so that a reader never sees a torn one. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
	char text[16384];
	size_t used;
} line;

static void put(const char *text, size_t length)
{
	/* Room is kept for the closing of a string and of the object. */
	if (length > sizeof(line.text) - 8 - line.used)
		length = sizeof(line.text) - 8 - line.used;
	memcpy(line.text + line.used, text, length);
	line.used += length;
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void put_quoted(const char *value, size_t length)
{
	char escape[8];

	put("\"", 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)value[i];

		if (line.used > sizeof(line.text) - 16)
			break;
		if (c == '"' || c == '\\') {
			escape[0] = '\\';
			escape[1] = (char)c;
			put(escape, 2);
		} else if (c < 0x20 || c >= 0x7f) {
			/* Bytes above 0x7f become Latin-1 code points: the line stays ASCII whatever a scheduler prints. */
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			put(escape, 6);
		} else {
			put((const char *)&value[i], 1);
		}
	}
	line.text[line.used++] = '"';
}

static void put_key(const char *key)
{
	if (line.used > 1)
		put(",", 1);
	put_quoted(key, strlen(key));
	put(":", 1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

void sleep_until(uint64_t when)
{
	struct timespec ts = { .tv_sec = (time_t)(when / NSEC_PER_SEC), .tv_nsec = (long)(when % NSEC_PER_SEC) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

void emit_begin(const char *event)
{
	line.used = 0;
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
	put_key(key);
	put_quoted(value, length);
}

void emit_base64(const char *key, const char *data, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char group[4];

	put_key(key);
	put("\"", 1);
	for (size_t i = 0; i < length; i += 3) {
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

	put_key(key);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_text(text);
}

void emit_u64s(const char *key, const uint64_t *values, size_t count)
{
	char text[24];

	put_key(key);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s%llu", i ? "," : "[", (unsigned long long)values[i]);
		put_text(text);
	}
	put_text(count ? "]" : "[]");
}

void emit_i64(const char *key, int64_t value)
{
	char text[24];

	put_key(key);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	put_text(text);
}

void emit_end(void)
{
	line.text[line.used++] = '}';
	line.text[line.used++] = '\n';
	port_write(line.text, line.used);
	line.used = 0;
}

void fail(const char *where, const char *what)
{
	emit_begin("error");
	emit_text("where", where);
	emit_text("what", what);
	emit_end();
	port_exit(EXIT_AGENT_FAILED);
}

void fail_errno(const char *where, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	fail(where, text);
}
