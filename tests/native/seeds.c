// SPDX-License-Identifier: GPL-2.0-only
/* seeds SEED [refused]: what seed.c gives to the kernel's generator, and its first values, as events. */
#include <ktstr/basics.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/random.h>
#include <sys/ioctl.h>

static bool refused;

static int ioctl_here(int fd, unsigned long request, ...)
{
	va_list arguments;
	struct rand_pool_info *pool;

	(void)fd;
	if (refused) {
		errno = EPERM;
		return -1;
	}
	if (request == RNDRESEEDCRNG) {
		puts("{\"ev\":\"reseeded\"}");
		return 0;
	}
	if (request != RNDADDENTROPY)
		return -1;
	va_start(arguments, request);
	pool = va_arg(arguments, struct rand_pool_info *);
	va_end(arguments);
	printf("{\"ev\":\"entropy\",\"bits\":%d,\"words\":[", pool->entropy_count);
	for (size_t i = 0; i < (size_t)pool->buf_size / 8; i++) {
		unsigned long long word;

		memcpy(&word, (char *)pool->buf + 8 * i, 8);
		printf("%s%llu", i ? "," : "", word);
	}
	puts("]}");
	return 0;
}

#define ioctl ioctl_here
#include "seed.c"

int main(int argc, char **argv)
{
	refused = argc > 2;
	seed_set(strtoull(argv[1], NULL, 10));
	for (unsigned int i = 0; i < 5; i++)
		printf("{\"ev\":\"value\",\"value\":%llu}\n", (unsigned long long)seed_value(i));
	return 0;
}
