// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session: a program, such as a shell, whose terminal or pipes are on the host, at the other end of the channel. Output
 * and input are forwarded as they come. Nothing is buffered, so a side that does not read makes the other one wait.
 */
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "channel.h"
#include "kmsg.h"
#include "machine.h"
#include "process.h"

#define TICK_MS 1000
/* Bytes that are forwarded after the program's end: more than pipes hold, less than a child left behind may write. */
#define LEFT_MOST (1024 * 1024)
#define GOODBYE_NS (5 * NSEC_PER_SEC) /* for the host to note the end */

/* Kinds of frames. From the host: */
#define INPUT 'i'   /* bytes for the program */
#define NO_MORE 'e' /* the input is over */
#define SIZE 'w'    /* the terminal's rows and columns, two bytes each, the high one first */
#define GOODBYE 'g' /* the end was noted */
/* To the host: */
#define OUTPUT 'o' /* bytes of the terminal, or of standard output */
#define ERRORS 'r' /* bytes of standard error, if there is no terminal */
#define KERNEL 'k' /* a line of the kernel's log */
#define STATUS 's' /* the program's end: its status as shells count it, a byte */

enum { FROM_OUTPUT, FROM_ERRORS, FROM_KERNEL, SOURCES };

struct session {
	struct channel channel;
	pid_t pid;
	int ended;	      /* a pidfd: readable when the program has ended */
	int input;	      /* the program's; -1: closed */
	size_t taken;	      /* bytes of the frame in front that it has taken */
	int source[SOURCES];  /* what is forwarded; -1: closed, or there is none */
	bool terminal;
};

static void add_devices(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	if (mkdir("/dev/pts", 0755) && errno != EEXIST)
		fail_errno("shell", "/dev/pts");
	if (mount("ktstr", "/dev/pts", "devpts", 0, "mode=620,ptmxmode=666"))
		fail_errno("shell", "mounting devpts (CONFIG_UNIX98_PTYS)");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			fail_errno("shell", links[i][1]);
}

/* Both ends of the program's terminal; ours is non-blocking. */
static void open_terminal(int *ours, int *its)
{
	char name[64];

	*ours = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*ours < 0 || grantpt(*ours) || unlockpt(*ours) || ptsname_r(*ours, name, sizeof(name)))
		fail_errno("shell", "a terminal");
	*its = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*its < 0)
		fail_errno("shell", name);
}

static void set_size(int terminal, unsigned int rows, unsigned int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (ioctl(terminal, TIOCSWINSZ, &size))
		fail_errno("shell", "the terminal's size");
}

static void open_pipe(int *ours, int *its, bool written)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		fail_errno("shell", "a pipe");
	*ours = ends[written];
	*its = ends[!written];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK))
		fail_errno("shell", "a pipe that does not wait");
}

static void become(char *const argv[], const int its[3], bool terminal)
{
	char *const environment[] = { "PATH=/bin", "HOME=/", NULL };

	if (!become_ordinary())
		_exit(126);
	setsid();
	if (terminal && ioctl(its[0], TIOCSCTTY, 0))
		_exit(126);
	for (int i = 0; i < 3; i++)
		if (dup2(its[i], i) < 0)
			_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execve(argv[0], argv, environment);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start(struct session *session, char *const argv[], unsigned int rows, unsigned int columns)
{
	int its[3];

	session->source[FROM_ERRORS] = -1;
	if (session->terminal) {
		open_terminal(&session->input, &its[0]);
		set_size(session->input, rows, columns);
		session->source[FROM_OUTPUT] = session->input;
		its[1] = its[2] = its[0];
	} else {
		open_pipe(&session->input, &its[0], true);
		open_pipe(&session->source[FROM_OUTPUT], &its[1], false);
		open_pipe(&session->source[FROM_ERRORS], &its[2], false);
	}
	session->pid = fork();
	if (session->pid < 0)
		fail_errno("shell", "fork");
	if (!session->pid)
		become(argv, its, session->terminal);
	for (int i = 0; i < (session->terminal ? 1 : 3); i++)
		close(its[i]);
	session->ended = (int)syscall(SYS_pidfd_open, session->pid, 0);
	if (session->ended < 0)
		fail_errno("shell", "pidfd_open");
}

static void close_input(struct session *session)
{
	if (session->input >= 0 && !session->terminal)
		close(session->input);
	session->input = -1;
}

/* Gives the frame in front to the program; false while it does not take all of it. */
static bool deliver(struct session *session, const struct frame *frame)
{
	while (session->input >= 0 && session->taken < frame->length) {
		ssize_t put = write(session->input, frame->data + session->taken, frame->length - session->taken);

		if (put < 0 && errno == EAGAIN)
			return false;
		if (put < 0 && errno != EINTR)
			close_input(session); /* the program reads no more */
		else if (put > 0)
			session->taken += (size_t)put;
	}
	session->taken = 0;
	return true;
}

/* Does what the host has sent; true once it has said goodbye. */
static bool obey(struct session *session)
{
	struct frame frame;

	while (channel_frame(&session->channel, &frame)) {
		const unsigned char *data = (const unsigned char *)frame.data;

		if (frame.kind == INPUT) {
			if (!deliver(session, &frame))
				return false;
		} else if (frame.kind == NO_MORE && !session->terminal) {
			close_input(session);
		} else if (frame.kind == SIZE && session->terminal && frame.length == 4) {
			if (session->input >= 0)
				set_size(session->input, (unsigned int)data[0] << 8 | data[1], (unsigned int)data[2] << 8 | data[3]);
		} else if (frame.kind != GOODBYE) {
			fail("shell", "the host has sent a frame of an unknown kind");
		}
		channel_drop(&session->channel);
		if (frame.kind == GOODBYE)
			return true;
	}
	return false;
}

/* Sends a frame of what the source has; returns its length, 0 if the source has nothing. */
static size_t pass_on(struct session *session, int index)
{
	static const char kinds[SOURCES] = { OUTPUT, ERRORS, KERNEL };
	char *room = channel_room(&session->channel);
	ssize_t got;

	if (session->source[index] < 0)
		return 0;
	if (index == FROM_KERNEL)
		got = kmsg_line(session->source[index], room, CHANNEL_MOST);
	else
		got = read(session->source[index], room, CHANNEL_MOST);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) { /* a terminal that nobody has open fails with EIO */
		session->source[index] = -1;
		return 0;
	}
	channel_send(&session->channel, kinds[index], (size_t)got);
	return (size_t)got;
}

/* Waits for something to do, a second at most. */
static void wait_for_any(struct session *session, bool ended)
{
	struct frame frame;
	bool full = channel_frame(&session->channel, &frame), idle = channel_idle(&session->channel);
	struct pollfd fds[3 + SOURCES] = {
		{ .fd = session->channel.fd, .events = (short)((full ? 0 : POLLIN) | (idle ? 0 : POLLOUT)) },
		{ .fd = full ? session->input : -1, .events = POLLOUT },
		{ .fd = ended ? -1 : session->ended, .events = POLLIN },
	};

	for (int i = 0; i < SOURCES; i++)
		fds[3 + i] = (struct pollfd){ .fd = idle ? session->source[i] : -1, .events = POLLIN };
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), TICK_MS) < 0 && errno != EINTR)
		fail_errno("shell", "poll");
	/* The host has gone and will end the machine; do not spin until then. */
	if (fds[0].revents & POLLHUP)
		sleep_until(now_ns() + NSEC_PER_MSEC);
}

/* Reaps every child that has ended; true if the program has. */
static bool reap(const struct session *session, int *status)
{
	bool ended = false;
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != session->pid)
			continue;
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
		ended = true;
	}
	return ended;
}

/* Forwards until the program has ended and its last output was sent; returns its status. */
static int carry(struct session *session)
{
	bool ended = false;
	size_t after = 0;
	int status = 0;

	for (;;) {
		size_t passed = 0;

		machine_watchdog();
		channel_flush(&session->channel);
		channel_receive(&session->channel);
		obey(session);
		/* Before the sources are read: what it wrote before it ended is there then. */
		ended = reap(session, &status) || ended;
		for (int i = 0; i < SOURCES && channel_idle(&session->channel); i++)
			passed += pass_on(session, i);
		after += ended ? passed : 0;
		if (ended && channel_idle(&session->channel) && (!passed || after > LEFT_MOST))
			return status;
		if (!passed)
			wait_for_any(session, ended);
	}
}

void shell_run(const struct shell_request *request)
{
	static struct session session;
	uint64_t begin;
	int status;

	session.terminal = request->terminal;
	session.source[FROM_KERNEL] = request->kernel_log ? kmsg_all() : -1;
	signal(SIGPIPE, SIG_IGN);
	add_devices();
	channel_open(&session.channel);
	start(&session, request->argv, request->rows, request->columns);
	status = carry(&session);
	*channel_room(&session.channel) = (char)status;
	channel_send(&session.channel, STATUS, 1);
	session.input = -1;
	for (begin = now_ns(); now_ns() - begin < GOODBYE_NS;) {
		channel_flush(&session.channel);
		channel_receive(&session.channel);
		if (obey(&session))
			break;
		sleep_until(now_ns() + NSEC_PER_MSEC);
	}
	emit_begin("shell");
	emit_i64("status", status);
	emit_end();
}
