// SPDX-License-Identifier: GPL-2.0-only
/* Bytes as events: in chunks, each with its place, and without the zeros where there are many. */
#include "agent.h"

#include <string.h>

#define ZEROS 64 /* that end a chunk: about what a chunk costs beside its data */

static void flush(struct stream *out)
{
	size_t length = out->used - out->zeros;

	if (length) {
		emit_begin(out->event);
		emit_u64("id", out->id);
		emit_u64("at", out->at);
		emit_base64("data", out->chunk, length);
		emit_end();
		out->room -= length;
	}
	out->at += out->used;
	out->used = out->zeros = 0;
}

static bool is_zero(const char *data)
{
	uint64_t words[ZEROS / sizeof(uint64_t)], any = 0;

	memcpy(words, data, sizeof(words));
	for (size_t i = 0; i < ZEROS / sizeof(uint64_t); i++)
		any |= words[i];
	return !any;
}

/* Puts the bytes into the stream; false where there is no room for the rest of them. */
bool stream_put(struct stream *out, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		/* Where zeros begin, there may be megabytes of them. */
		while (length - i >= ZEROS && !data[i] && !out->zeros && is_zero(data + i)) {
			flush(out);
			out->at += ZEROS;
			i += ZEROS;
		}
		if (i == length)
			break;
		if (!data[i] && !out->used) { /* a chunk begins with something */
			out->at++;
			continue;
		}
		if (out->used == sizeof(out->chunk) || (data[i] && out->zeros >= ZEROS))
			flush(out);
		if (data[i] && out->used >= out->room)
			return false;
		out->chunk[out->used++] = data[i];
		out->zeros = data[i] ? 0 : out->zeros + 1;
	}
	return true;
}

/* Ends the stream; returns how many bytes were put into it. */
uint64_t stream_end(struct stream *out)
{
	flush(out);
	return out->at;
}
