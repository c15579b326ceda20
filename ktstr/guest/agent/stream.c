// SPDX-License-Identifier: GPL-2.0-only
/* Bytes as events: in chunks, each with its offset, and without long runs of zeros. */
#include "stream.h"

#include <string.h>

#include <ktstr/event.h>

#define ZEROS 64 /* in a row that end a chunk: about the cost of a chunk beside its data */

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

bool stream_put(struct stream *out, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		/* There may be megabytes of zeros: skip them 64 at a time. */
		while (length - i >= ZEROS && !data[i] && !out->zeros && is_zero(data + i)) {
			flush(out);
			out->at += ZEROS;
			i += ZEROS;
		}
		if (i == length)
			break;
		if (!data[i] && !out->used) { /* a chunk does not begin with a zero */
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

uint64_t stream_end(struct stream *out)
{
	flush(out);
	return out->at;
}
