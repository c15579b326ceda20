// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program of a distribution finds in the guest beside the kernel's own file systems. It is made when the first one
 * starts, so that other guests do not pay for it.
 */
#include "payload_place.h"

#include <ktstr/basics.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/event.h>

static void make_folder(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail_errno("payload", path);
}

/* What the user's own files have there stays. */
static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_errno("payload", path);
	close(fd);
}

static void make_link(const char *path, const char *to)
{
	if (symlink(to, path) && errno != EEXIST)
		fail_errno("payload", path);
}

/* A kernel may be without a network. */
static void bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

void payload_place(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	make_folder("/dev/shm");
	/* POSIX shared memory and semaphores. */
	if (mount("ktstr", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") && errno != EBUSY)
		fail_errno("payload", "/dev/shm");
	make_link("/dev/fd", "/proc/self/fd");
	make_link("/dev/stdin", "/proc/self/fd/0");
	make_link("/dev/stdout", "/proc/self/fd/1");
	make_link("/dev/stderr", "/proc/self/fd/2");
	make_folder("/etc");
	/* getpwnam(3), getgrnam(3) and gethostbyname(3) read these. */
	make_file("/etc/passwd", "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
	make_file("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
	make_file("/etc/hosts", "127.0.0.1 localhost\n");
	make_folder("/var");
	make_link("/var/tmp", PAYLOAD_FOLDER);
	bring_up_loopback();
}
