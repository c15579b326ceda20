// SPDX-License-Identifier: GPL-2.0-only
/* The attached scheduler: its links, and how its end is noticed and reported. */
#include "scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <ktstr/exit.h>

#include "auxiliary.h"
#include "log.h"
#include "status.h"
#include "uei.h"

#define STATE "/sys/kernel/sched_ext/state"
#define ENABLE_SEQ "/sys/kernel/sched_ext/enable_seq"
#define OPS "/sys/kernel/sched_ext/root/ops"
/* How often the state is read if the scheduler does not record its exit. */
#define STATE_POLL_MS 100
#define MAX_LINKS 128
#define MAX_MAPS 64 /* BPF allows a program as many */

struct scheduler {
	struct bpf_link *links[MAX_LINKS];
	int count;
	struct ring_buffer *ring; /* NULL if the scheduler does not record its exit */
	struct uei uei; /* what scx's schedulers record */
	bool polled; /* the state is read, too */
	char enable_seq[32];
	bool exited;
};

/* The first line of a sysfs file; empty if there is none. */
static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, line, size - 1);

	if (fd >= 0)
		close(fd);
	line[count > 0 ? count : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static void print_quoted(const char *key, const char *text, size_t size)
{
	printf(" %s=\"", key);
	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c == 127)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static int on_exit_record(void *context, void *data, size_t size)
{
	const struct ktstr_exit_record *record = data;
	struct scheduler *scheduler = context;

	if (size < sizeof(*record))
		return 0;
	scheduler->exited = true;
	printf("exit kind=%u code=%lld", record->kind, (long long)record->code);
	print_quoted("reason", record->reason, sizeof(record->reason));
	print_quoted("message", record->message, sizeof(record->message));
	putchar('\n');
	return 0;
}

static void print_uei(const struct uei *uei)
{
	printf("exit kind=%u code=%lld", uei_kind(uei), uei_code(uei));
	print_quoted("reason", uei->reason ? uei->reason : "", uei->reason_size);
	print_quoted("message", uei->message ? uei->message : "", uei->message_size);
	putchar('\n');
}

static void detach(struct scheduler *scheduler)
{
	while (scheduler->count)
		bpf_link__destroy(scheduler->links[--scheduler->count]);
	/* The kernel has run ops.exit by the time a link is gone. */
	if (scheduler->ring)
		ring_buffer__consume(scheduler->ring);
	else if (!scheduler->exited && uei_kind(&scheduler->uei))
		print_uei(&scheduler->uei);
}

struct scheduler *scheduler_abandon(struct scheduler *scheduler)
{
	detach(scheduler);
	ring_buffer__free(scheduler->ring);
	free(scheduler);
	return NULL;
}

/* Whether a program that is loaded refers to the map: a header may bring one that nobody uses. */
static bool is_used(struct bpf_object *object, const struct bpf_map *map)
{
	struct bpf_map_info about = {};
	__u32 size = sizeof(about), ids[MAX_MAPS];
	struct bpf_program *program;

	if (bpf_map_get_info_by_fd(bpf_map__fd(map), &about, &size))
		return false;
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = { .nr_map_ids = MAX_MAPS, .map_ids = (__u64)(unsigned long)ids };

		size = sizeof(info);
		if (bpf_program__fd(program) < 0 || bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		for (__u32 i = 0; i < info.nr_map_ids && i < MAX_MAPS; i++)
			if (ids[i] == about.id)
				return true;
	}
	return false;
}

/*
 * The kernel may have dropped the scheduler while it enabled it, and says so nowhere else: from 6.17 on, it makes the
 * link nevertheless.
 */
static bool is_enabled(void)
{
	char state[32];

	read_line(STATE, state, sizeof(state));
	return !strcmp(state, "enabled");
}

static int attach_map(struct scheduler *scheduler, struct bpf_map *map)
{
	struct bpf_link *link;
	char name[128];

	if (scheduler->count == MAX_LINKS) {
		say("more than %d links", MAX_LINKS);
		return -1;
	}
	link = bpf_map__attach_struct_ops(map);
	if (!link) {
		say("attaching %s was refused by the kernel: %s", bpf_map__name(map), strerror(errno));
		return -1;
	}
	scheduler->links[scheduler->count++] = link;
	if (!is_enabled()) {
		scheduler->polled = true;
		return 0;
	}
	read_line(OPS, name, sizeof(name));
	printf("attached %s\n", name[0] ? name : bpf_map__name(map));
	return 0;
}

struct scheduler *scheduler_attach(struct bpf_object *object)
{
	struct scheduler *scheduler = calloc(1, sizeof(*scheduler));
	struct bpf_map *map = bpf_object__find_map_by_name(object, KTSTR_EXIT_MAP);

	if (!scheduler) {
		say("out of memory");
		return NULL;
	}
	if (map && bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF && is_used(object, map)) {
		scheduler->ring = ring_buffer__new(bpf_map__fd(map), on_exit_record, scheduler, NULL);
		if (!scheduler->ring) {
			say("map %s cannot be read: %s", KTSTR_EXIT_MAP, strerror(errno));
			return scheduler_abandon(scheduler);
		}
	}
	scheduler->polled = !scheduler->ring;
	uei_find(object, &scheduler->uei);
	scheduler->count = auxiliary_attach(object, scheduler->links, MAX_LINKS);
	if (scheduler->count < 0) {
		scheduler->count = 0;
		return scheduler_abandon(scheduler);
	}
	bpf_object__for_each_map(map, object)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && bpf_map__autocreate(map))
			if (attach_map(scheduler, map))
				return scheduler_abandon(scheduler);
	read_line(ENABLE_SEQ, scheduler->enable_seq, sizeof(scheduler->enable_seq));
	return scheduler;
}

/* Reports the exit if the kernel has dropped the scheduler. */
static void look_at_state(struct scheduler *scheduler)
{
	char state[32], seq[32];

	read_line(STATE, state, sizeof(state));
	read_line(ENABLE_SEQ, seq, sizeof(seq));
	if (strcmp(state, "disabled") && !strcmp(seq, scheduler->enable_seq))
		return;
	/* The kernel has run ops.exit by the time it is disabled. */
	if (scheduler->ring)
		ring_buffer__consume(scheduler->ring);
	if (scheduler->exited)
		return;
	scheduler->exited = true;
	if (uei_kind(&scheduler->uei))
		print_uei(&scheduler->uei);
	else
		printf("exit reason=\"not recorded by the scheduler; the kernel's log has it\"\n");
}

int scheduler_wait(struct scheduler *scheduler)
{
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	int status;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	fds[0].fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fds[0].fd < 0) {
		say("signalfd: %s", strerror(errno));
		scheduler_abandon(scheduler);
		return UNUSABLE;
	}
	if (scheduler->ring)
		fds[1].fd = ring_buffer__epoll_fd(scheduler->ring);
	for (;;) {
		int ready = poll(fds, 2, scheduler->polled ? STATE_POLL_MS : -1);

		if (ready < 0 && errno != EINTR) {
			say("poll: %s", strerror(errno));
			break;
		}
		if (scheduler->ring)
			ring_buffer__consume(scheduler->ring);
		if (scheduler->polled && !scheduler->exited)
			look_at_state(scheduler);
		if (scheduler->exited || fds[0].revents)
			break;
	}
	status = scheduler->exited ? EXITED : STOPPED;
	if (status == EXITED)
		say("the scheduler exited by itself");
	scheduler_abandon(scheduler);
	return status;
}
