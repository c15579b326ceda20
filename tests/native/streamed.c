// SPDX-License-Identifier: GPL-2.0-only
/* streamed ROOM [PART]: what is on stdin goes into a stream with room for so many bytes, in parts of so many. */
#include <ktstr/event.h>

#include <stdio.h>
#include <stdlib.h>

#include "stream.h"

int main(int argc, char **argv)
{
	static struct stream out = { .event = "data", .id = 7 };
	static char text[1 << 20];
	size_t length = fread(text, 1, sizeof(text), stdin), part = argc > 2 ? strtoul(argv[2], NULL, 10) : length;
	bool whole = true;
	uint64_t bytes;

	out.room = strtoul(argv[1], NULL, 10);
	for (size_t at = 0; whole && at < length; at += part)
		whole = stream_put(&out, text + at, part < length - at ? part : length - at);
	bytes = stream_end(&out);
	emit_begin("end");
	emit_u64("whole", whole);
	emit_u64("bytes", bytes);
	emit_end();
	return 0;
}
