/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes as events: in chunks, each with its offset, and without long runs of zeros. */
#ifndef KTSTR_AGENT_STREAM_H
#define KTSTR_AGENT_STREAM_H

#include <ktstr/basics.h>

struct stream {
	const char *event;
	uint32_t id;		/* of the object that the bytes belong to */
	uint64_t at;		/* the offset of the chunk */
	size_t used, zeros;	/* bytes of the chunk, and how many zeros they end in */
	size_t room;		/* bytes that may still be emitted */
	char chunk[8192];	/* base64 makes 11 KiB of it, and an event has 16 */
};

/* Puts the bytes into the stream; false if there is no room for the rest of them. */
bool stream_put(struct stream *out, const char *data, size_t length);

/* Ends the stream; returns how many bytes were put into it. */
uint64_t stream_end(struct stream *out);

#endif
