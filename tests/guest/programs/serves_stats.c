// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler's program that serves statistics as the scx project's schedulers do: a line of JSON for a line of JSON. */
#include "embedded.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLDER "/var/run/scx/root"

static int listening(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = FOLDER "/stats" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* An earlier part of the path may be there. */
	mkdir("/var", 0755);
	mkdir("/var/run", 0755);
	mkdir("/var/run/scx", 0755);
	mkdir(FOLDER, 0755);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		return -1;
	return fd;
}

int main(void)
{
	int fd = listening(), client;
	unsigned int asked = 0;
	FILE *stream;
	char line[256];

	if (fd < 0 || !attach_embedded())
		return 1;
	puts("attached");
	fflush(stdout);
	client = accept(fd, NULL, NULL);
	stream = client < 0 ? NULL : fdopen(client, "r");
	while (stream && fgets(line, sizeof(line), stream)) {
		asked++;
		if (strcmp(line, "{\"req\":\"stats\",\"args\":{}}\n"))
			dprintf(client, "{\"errno\":22,\"args\":{\"resp\":\"unknown command\"}}\n");
		else
			dprintf(client, "{\"errno\":0,\"args\":{\"resp\":{\"asked\":%u,\"load\":0.5,\"cpus\":[{\"busy\":true}]}}}\n",
				asked);
	}
	pause();
}
