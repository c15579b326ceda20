// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutate SEED MILLISECONDS FILE...: a small fuzzer for hosts without libFuzzer. Runs a target on the files, then on
 * mutations of them; the same seed gives the same inputs in the same order. Prints how many inputs it ran. An input that
 * makes the target end is in the file `input` of the current folder.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES (1 << 16)
#define MAX_FILES 64
#define MAX_CHANGES 8

struct input {
	size_t size;
	uint8_t bytes[MAX_BYTES];
};

static struct input files[MAX_FILES];
static uint64_t state;

/* splitmix64 */
static uint64_t random_u64(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static size_t below(size_t limit)
{
	return limit ? random_u64() % limit : 0;
}

static void insert(struct input *input, size_t at, const uint8_t *bytes, size_t length)
{
	if (length > MAX_BYTES - input->size)
		return;
	memmove(input->bytes + at + length, input->bytes + at, input->size - at);
	memcpy(input->bytes + at, bytes, length);
	input->size += length;
}

static void drop(struct input *input, size_t at, size_t length)
{
	memmove(input->bytes + at, input->bytes + at + length, input->size - at - length);
	input->size -= length;
}

static void change(struct input *input, const struct input *other)
{
	static const uint8_t telling[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', 'f', ' ', '%', '=', '.', '[', '\n', '-' };
	size_t at = below(input->size), from = below(other->size);
	uint8_t byte = telling[below(sizeof(telling))], copy[64];
	size_t length = below(sizeof(copy)) + 1;

	switch (below(input->size ? 6 : 1)) {
	case 0:
		length = length < other->size - from ? length : other->size - from;
		memcpy(copy, other->bytes + from, length);
		insert(input, at, copy, length);
		break;
	case 1:
		input->bytes[at] ^= (uint8_t)(1U << below(8));
		break;
	case 2:
		input->bytes[at] = byte;
		break;
	case 3:
		insert(input, at, &byte, 1);
		break;
	case 4:
		drop(input, at, length < input->size - at ? length : input->size - at);
		break;
	default:
		input->size = at;
		break;
	}
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool read_file(const char *path, struct input *input)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return false;
	input->size = fread(input->bytes, 1, sizeof(input->bytes), file);
	return !fclose(file);
}

/* A file of the current folder, mapped: it has the last input even if the target ends the process. */
static struct input *map_input(void)
{
	int fd = open("input", O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *memory;

	if (fd < 0 || ftruncate(fd, sizeof(struct input)))
		return NULL;
	memory = mmap(NULL, sizeof(struct input), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char **argv)
{
	struct input *input = map_input();
	unsigned int count = 0;
	unsigned long runs = 0;
	uint64_t end;

	for (int i = 3; input && i < argc && count < MAX_FILES; i++)
		if (!read_file(argv[i], &files[count++]))
			count = MAX_FILES + 1;
	if (!input || argc < 4 || count > MAX_FILES) {
		fputs("usage: mutate SEED MILLISECONDS FILE...\n", stderr);
		return 2;
	}
	state = strtoull(argv[1], NULL, 10);
	end = now_ms() + strtoull(argv[2], NULL, 10);
	for (; runs < count || now_ms() < end; runs++) {
		const struct input *from = &files[runs < count ? runs : below(count)];

		memcpy(input->bytes, from->bytes, from->size);
		input->size = from->size;
		for (size_t left = runs < count ? 0 : 1 + below(MAX_CHANGES); left; left--)
			change(input, &files[below(count)]);
		LLVMFuzzerTestOneInput(input->bytes, input->size);
	}
	printf("%lu\n", runs);
	return 0;
}
