// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program writes to one of its streams. It is kept in memory and reported afterwards: an event in the hold would take
 * time from what is measured. A program may write without end, so that memory, events and each look are bounded.
 */
#include "output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event.h>

#define PIPE_BYTES (1024 * 1024) /* so that a program seldom has to wait for the agent's next look */
#define LOOK_BYTES (2 * PIPE_BYTES)
#define CHUNK 2048		 /* of an event: six times as much if every byte has to be escaped */
#define REPORTED (4 * 1024 * 1024) /* bytes of all payloads of a plan */

static size_t reported;

int output_open(struct output *output)
{
	int ends[2];

	*output = (struct output){ .fd = -1 };
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		fail_errno("payload", "pipe");
	/* Only the agent's end is non-blocking: a full pipe makes the program wait, not fail. */
	if (fcntl(ends[1], F_SETFL, 0))
		fail_errno("payload", "a pipe that waits");
	/* A smaller pipe does as well, if the guest has not that much memory. */
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	output->fd = ends[0];
	return ends[1];
}

static char *room(char *known, size_t bytes)
{
	char *made = known ? known : malloc(bytes);

	if (!made)
		fail_errno("payload", "memory for its output");
	return made;
}

static void keep(struct output *output, const char *data, size_t length)
{
	size_t into_head = 0;

	if (output->total < OUTPUT_HEAD) {
		into_head = OUTPUT_HEAD - output->total < length ? OUTPUT_HEAD - output->total : length;
		output->head = room(output->head, OUTPUT_HEAD);
		memcpy(output->head + output->total, data, into_head);
		output->total += into_head;
	}
	if (into_head == length)
		return;
	output->tail = room(output->tail, OUTPUT_TAIL);
	for (size_t i = into_head; i < length; i++)
		output->tail[output->total++ % OUTPUT_TAIL] = data[i];
}

void output_drain(struct output *output)
{
	char buffer[4096];
	size_t left = LOOK_BYTES;
	ssize_t got;

	while (output->fd >= 0 && left && (got = read(output->fd, buffer, sizeof(buffer))) > 0) {
		keep(output, buffer, (size_t)got);
		left -= (size_t)got < left ? (size_t)got : left;
	}
}

/* How many of the next bytes make an event: up to the end of a line, else whole characters of UTF-8. */
static size_t chunk_of(const char *text, size_t length)
{
	size_t most = length < CHUNK ? length : CHUNK, end = most;

	if (most == length)
		return length;
	while (end && text[end - 1] != '\n')
		end--;
	if (end)
		return end;
	for (end = most; end > most - 4 && ((unsigned char)text[end] & 0xc0) == 0x80;)
		end--;
	return end;
}

static void report(const char *payload, const char *stream, const char *text, size_t length, size_t lost)
{
	for (size_t at = 0; at < length || lost;) {
		size_t chunk = chunk_of(text + at, length - at);

		if (reported + chunk > REPORTED) {
			lost += length - at;
			chunk = 0;
			at = length;
		}
		emit_begin("payload_output");
		emit_text("name", payload);
		emit_text("stream", stream);
		emit_bytes("text", text + at, chunk);
		if (lost)
			emit_u64("lost", lost);
		emit_end();
		lost = 0;
		at += chunk;
		reported += chunk;
	}
}

void output_report(struct output *output, const char *payload, const char *stream)
{
	size_t head = output->total < OUTPUT_HEAD ? output->total : OUTPUT_HEAD, rest = output->total - head;
	size_t tail = rest < OUTPUT_TAIL ? rest : OUTPUT_TAIL;

	if (head)
		report(payload, stream, output->head, head, 0);
	if (tail) {
		char *last = malloc(tail);

		if (!last)
			fail_errno("payload", "memory for its output");
		for (size_t i = 0; i < tail; i++)
			last[i] = output->tail[(output->total - tail + i) % OUTPUT_TAIL];
		report(payload, stream, last, tail, rest - tail);
		free(last);
	}
	free(output->head);
	free(output->tail);
	if (output->fd >= 0)
		close(output->fd);
	*output = (struct output){ .fd = -1 };
}
