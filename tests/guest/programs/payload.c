// SPDX-License-Identifier: GPL-2.0-only
/* A program that is run as a payload: its words say what it does, in order. */
#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void spin(double seconds)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		/* As a program that waits: it ends a vCPU's time slice. */
		__builtin_ia32_pause();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 < seconds);
}

/* Leaves the process group and the session, and goes on when its parent has ended. */
static void leave_behind(void)
{
	if (!fork()) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		for (;;)
			spin(1);
	}
}

/* What libraries want of a system. */
static void look_around(void)
{
	const struct passwd *root = getpwuid(0);
	const struct group *group = getgrgid(0);
	int shm = shm_open("/here", O_CREAT | O_RDWR, 0600);
	char folder[256];

	printf("user %s group %s home %s\n", root ? root->pw_name : "?", group ? group->gr_name : "?", getenv("HOME"));
	printf("locale %s\n", setlocale(LC_ALL, "") ? "yes" : "no");
	printf("shm %s\n", shm >= 0 ? "yes" : "no");
	printf("host %s\n", gethostbyname("localhost") ? "yes" : "no");
	printf("folder %s mine %s\n", getcwd(folder, sizeof(folder)), getenv("MINE"));
	printf("file %s\n", access("/etc/mine.conf", R_OK) ? "no" : "yes");
	printf("stdout %s\n", access("/dev/stdout", W_OK) ? "no" : "yes");
}

/* What differs from run to run unless somebody sees to it. */
static void draw(void)
{
	uint64_t number;
	int here;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		exit(3);
	printf("drawn %llx at %p time %lld pid %d\n", (unsigned long long)number, (void *)&here, (long long)time(NULL),
	       getpid());
}

static void flood(long bytes)
{
	for (long i = 0; i < bytes; i += 10)
		printf("%09ld\n", i);
	printf("the last line\n");
}

static void be_hostile(void)
{
	fwrite("\0\033[31mred\033[0m\xff\xfe\r\n", 1, 16, stdout);
	for (int i = 0; i < 100000; i++)
		putchar('[');
	putchar('\n');
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		double number = strchr(word, '=') ? atof(strchr(word, '=') + 1) : 0;

		if (!strncmp(word, "exit=", 5)) {
			fprintf(stderr, "payload: ends with %d\n", (int)number);
			return (int)number;
		} else if (!strncmp(word, "signal=", 7)) {
			raise((int)number);
		} else if (!strncmp(word, "spin=", 5)) {
			spin(number);
		} else if (!strncmp(word, "flood=", 6)) {
			flood((long)number);
		} else if (!strcmp(word, "forever")) {
			for (;;)
				spin(1);
		} else if (!strcmp(word, "ignore")) {
			signal(SIGTERM, SIG_IGN);
		} else if (!strcmp(word, "leave")) {
			leave_behind();
		} else if (!strcmp(word, "look")) {
			look_around();
		} else if (!strcmp(word, "draw")) {
			draw();
		} else if (!strcmp(word, "hostile")) {
			be_hostile();
		} else if (!strcmp(word, "json")) {
			printf("{\"jobs\": [{\"rate\": 12.5, \"lat.us\": [3, 9]}]}\n");
		} else {
			printf("%s\n", word);
		}
		fflush(stdout);
	}
	return 0;
}
