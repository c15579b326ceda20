// SPDX-License-Identifier: GPL-2.0-only
/* The run's seed: what is random in the guest follows from it. */
#include "agent.h"

#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static uint64_t run_seed;

/* splitmix64 (Steele, Lea, Flood 2014), at step `index`: good enough a mix, and no state that order could change. */
uint64_t seed_value(uint64_t index)
{
	uint64_t x = run_seed + (index + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/*
 * Takes the seed, also into the kernel's generator, which a clone has from its template. Its output from here on follows
 * from the seed where the machine's own sources do, as they do under the virtual clock.
 */
void seed_set(uint64_t seed)
{
	enum { WORDS = 8 };
	/* The ioctl's argument ends in a flexible array, so a union and not a struct gives it room for the words. */
	union {
		struct rand_pool_info info;
		char room[sizeof(struct rand_pool_info) + WORDS * sizeof(uint64_t)];
	} pool = { .info = { .entropy_count = WORDS * sizeof(uint64_t) * 8, .buf_size = WORDS * sizeof(uint64_t) } };
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

	run_seed = seed;
	for (unsigned int i = 0; i < WORDS; i++) {
		uint64_t word = seed_value(UINT64_MAX / 2 + i);

		memcpy(pool.room + sizeof(pool.info) + i * sizeof(word), &word, sizeof(word));
	}
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) || ioctl(fd, RNDRESEEDCRNG))
		fail_errno("seed", "/dev/urandom");
	close(fd);
}
