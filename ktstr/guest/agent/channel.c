// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channel to the host of a session: frames both ways on a virtio-serial port. A frame is a kind, the length of its
 * data in two bytes, the high one first, and the data; docs/plan.md lists the kinds. Nothing here waits for the host.
 */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

/* The first port of the first virtio device; the machine has no other. */
#define PORT "/dev/vport0p1"
#define HEADER 3
/* For the kernel to make the device file, and for the host to connect: it does after a clone's restore. */
#define OPEN_NS (10 * NSEC_PER_SEC)
#define POLL_MS 5

void channel_open(struct channel *channel)
{
	uint64_t begin = now_ns();
	struct pollfd port = { .events = POLLOUT };

	while ((port.fd = open(PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0) {
		if (errno != ENOENT || now_ns() - begin > OPEN_NS)
			fail_errno("channel", PORT);
		sleep_until(now_ns() + POLL_MS * NSEC_PER_MSEC);
	}
	/* The port is hung up until the host connects. */
	while (poll(&port, 1, 0) != 1 || port.revents & POLLHUP) {
		if (now_ns() - begin > OPEN_NS)
			fail("channel", "the host has not connected");
		sleep_until(now_ns() + POLL_MS * NSEC_PER_MSEC);
	}
	channel->fd = port.fd;
	channel->in_used = channel->out_used = channel->out_done = 0;
}

bool channel_frame(const struct channel *channel, struct frame *frame)
{
	const unsigned char *header = (const unsigned char *)channel->in;

	if (channel->in_used < HEADER)
		return false;
	frame->kind = (char)header[0];
	frame->length = (size_t)header[1] << 8 | header[2];
	frame->data = channel->in + HEADER;
	if (frame->length > CHANNEL_MOST)
		fail("channel", "a frame is too long");
	return channel->in_used >= HEADER + frame->length;
}

void channel_drop(struct channel *channel)
{
	struct frame frame;

	if (!channel_frame(channel, &frame))
		fail("channel", "no frame to drop");
	channel->in_used -= HEADER + frame.length;
	memmove(channel->in, channel->in + HEADER + frame.length, channel->in_used);
}

/* The machine ends with the host, so the end of the stream is not reported. */
void channel_receive(struct channel *channel)
{
	ssize_t got = read(channel->fd, channel->in + channel->in_used, sizeof(channel->in) - channel->in_used);

	if (got < 0 && errno != EAGAIN && errno != EINTR)
		fail_errno("channel", "read");
	if (got > 0)
		channel->in_used += (size_t)got;
}

bool channel_idle(const struct channel *channel)
{
	return !channel->out_used;
}

char *channel_room(struct channel *channel)
{
	return channel->out + HEADER;
}

void channel_send(struct channel *channel, char kind, size_t length)
{
	if (channel->out_used || length > CHANNEL_MOST)
		fail("channel", "a frame cannot be sent");
	channel->out[0] = kind;
	channel->out[1] = (char)(length >> 8);
	channel->out[2] = (char)(length & 0xff);
	channel->out_used = HEADER + length;
	channel_flush(channel);
}

void channel_flush(struct channel *channel)
{
	while (channel->out_done < channel->out_used) {
		ssize_t put = write(channel->fd, channel->out + channel->out_done, channel->out_used - channel->out_done);

		if (put < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (put <= 0)
			fail_errno("channel", "write");
		channel->out_done += (size_t)put;
	}
	channel->out_used = channel->out_done = 0;
}
