// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics of schedulers that serve them. A request and its answer are a line of JSON each. The server is a thread
 * of the scheduler's program, which needs a CPU to answer: so an answer is taken at the sample after the question. The
 * host reads the JSON.
 */
#include "monitor_stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ktstr/event.h>

#define REQUEST "{\"req\":\"stats\",\"args\":{}}\n"
#define ANSWER_BYTES 12288 /* of a line; an event has 16 KiB */

static struct {
	const char *path; /* NULL: nobody is asked */
	int fd;		  /* -1: not connected */
	bool asked;	  /* and not answered yet */
	char answer[ANSWER_BYTES];
	size_t used;
} stats = { .fd = -1 };

void monitor_stats_add(const char *path)
{
	stats.path = path;
}

static void hang_up(void)
{
	close(stats.fd);
	stats.fd = -1;
	stats.asked = false;
	stats.used = 0;
}

/* A scheduler that does not listen yet is asked at a later sample. */
static bool connected(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (stats.fd >= 0)
		return true;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", stats.path);
	stats.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stats.fd < 0)
		fail_errno("monitor", "a socket for statistics");
	if (!connect(stats.fd, (const struct sockaddr *)&address, sizeof(address)))
		return true;
	hang_up();
	return false;
}

static void report_line(size_t length)
{
	emit_begin("stats");
	emit_bytes("text", stats.answer, length);
	emit_end();
	stats.asked = false;
}

/* A line that is too long is no answer of ours: then the server is asked afresh. */
static void take_answer(void)
{
	for (;;) {
		ssize_t got = recv(stats.fd, stats.answer + stats.used, sizeof(stats.answer) - stats.used, MSG_DONTWAIT);
		const char *end;

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			hang_up();
			return;
		}
		stats.used += (size_t)got;
		end = memchr(stats.answer, '\n', stats.used);
		if (end) {
			report_line((size_t)(end - stats.answer));
			stats.used = 0;
		} else if (stats.used == sizeof(stats.answer)) {
			hang_up();
			return;
		}
	}
}

void monitor_stats_read(void)
{
	ssize_t sent;

	if (!stats.path || !connected())
		return;
	take_answer();
	if (stats.asked || stats.fd < 0)
		return;
	sent = send(stats.fd, REQUEST, sizeof(REQUEST) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == sizeof(REQUEST) - 1)
		stats.asked = true;
	else
		hang_up();
}
