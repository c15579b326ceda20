// SPDX-License-Identifier: GPL-2.0-only
/* The run's seed. */
#include "seed.h"

#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ktstr/event.h>

static uint64_t run_seed;

/* splitmix64 (Steele, Lea, Flood 2014) at step `index`: it mixes well enough, and has no state, so order does not matter. */
uint64_t seed_value(uint64_t index)
{
	uint64_t x = run_seed + (index + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/*
 * The kernel's generator gets the seed too, because a clone has its state from the template. Its output then follows from
 * the seed if the machine's own sources are deterministic, as they are under the virtual clock.
 */
void seed_set(uint64_t seed)
{
	uint64_t words[8];
	/* struct rand_pool_info ends in a flexible array, so nothing can be declared after it. */
	uint64_t space[(sizeof(struct rand_pool_info) + sizeof(words)) / sizeof(uint64_t)];
	struct rand_pool_info *pool = (void *)space;
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

	run_seed = seed;
	for (unsigned int i = 0; i < 8; i++)
		words[i] = seed_value(UINT64_MAX / 2 + i);
	pool->entropy_count = sizeof(words) * 8;
	pool->buf_size = sizeof(words);
	memcpy(pool->buf, words, sizeof(words));
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, pool) || ioctl(fd, RNDRESEEDCRNG))
		fail_errno("seed", "/dev/urandom");
	close(fd);
}
