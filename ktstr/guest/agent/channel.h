/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames between a session and the host, on a virtio-serial port. Nothing here waits for the host but the opening. */
#ifndef KTSTR_AGENT_CHANNEL_H
#define KTSTR_AGENT_CHANNEL_H

#include <ktstr/basics.h>

#define CHANNEL_MOST 16384 /* bytes of data in a frame */

struct frame {
	char kind;
	size_t length;
	const char *data;
};

struct channel {
	int fd;
	size_t in_used;
	size_t out_used;
	size_t out_done;
	char in[3 + CHANNEL_MOST];
	char out[3 + CHANNEL_MOST];
};

/* Opens the port and waits up to 10 s for the host. */
void channel_open(struct channel *channel);

/* Reads what the host has sent, up to one frame. */
void channel_receive(struct channel *channel);

/* Whether a whole frame has arrived; it stays until it is dropped. */
bool channel_frame(const struct channel *channel, struct frame *frame);
void channel_drop(struct channel *channel);

/* Whether all frames were sent, so that another can be. */
bool channel_idle(const struct channel *channel);

/* Where the data of the next frame goes. */
char *channel_room(struct channel *channel);

/* Sends a frame with the `length` bytes that were put there. */
void channel_send(struct channel *channel, char kind, size_t length);

/* Sends as much as the host takes now. */
void channel_flush(struct channel *channel);

#endif
