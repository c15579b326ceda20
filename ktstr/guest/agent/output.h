/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program writes to one of its streams: the begin and the end of it, however much there is. */
#ifndef KTSTR_AGENT_OUTPUT_H
#define KTSTR_AGENT_OUTPUT_H

#include <ktstr/basics.h>

#define OUTPUT_HEAD (192 * 1024) /* bytes from the begin that are kept */
#define OUTPUT_TAIL (64 * 1024)	 /* bytes from the end that are kept, if there are more */

struct output {
	int fd;		/* the read end; -1: closed */
	size_t total;	/* bytes that came so far */
	char *head;	/* OUTPUT_HEAD bytes; NULL before the first */
	char *tail;	/* a ring of OUTPUT_TAIL bytes; NULL while all is in `head` */
};

/* Opens the stream; returns the end that the program gets, which blocks if the pipe is full. */
int output_open(struct output *output);

/* Takes what is there, a bounded amount of it; never waits. */
void output_drain(struct output *output);

/*
 * Reports what was kept as events `payload_output`, and frees it. All payloads of a plan together report a bounded amount;
 * what is beyond that, or between begin and end, is left out, and its bytes are counted in `lost`.
 */
void output_report(struct output *output, const char *payload, const char *stream);

#endif
