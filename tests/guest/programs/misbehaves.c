// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler's program that attaches, and 50 ms later does what its arguments say: `exit STATUS`, `signal NUMBER` to
 * itself, `hoard` memory, be `deaf` to SIGINT, or `write FILE TEXT` to make the kernel do something; then it stays.
 */
#include "embedded.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1 << 20)
#define PAGE 4096

static void hoard(void)
{
	for (;;) {
		volatile char *more = malloc(MIB);

		for (int i = 0; more && i < MIB; i += PAGE)
			more[i] = 1;
	}
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || !attach_embedded())
		return 1;
	usleep(50 * 1000);
	if (!strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (!strcmp(argv[1], "signal"))
		kill(getpid(), atoi(argv[2]));
	if (!strcmp(argv[1], "hoard"))
		hoard();
	if (!strcmp(argv[1], "deaf"))
		signal(SIGINT, SIG_IGN);
	if (!strcmp(argv[1], "write") && write_to(argv[2], argv[3]))
		return 2;
	for (;;)
		pause();
}
