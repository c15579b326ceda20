// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the Python processes of a run: notes each system call that writes below one folder, and fails one.
 *
 * KTSTR_FAULTS_ROOT  the folder
 * KTSTR_FAULTS_NOTE  the file to append a line to for each such call: call, tab, path
 * KTSTR_FAULTS_FAIL  the call to fail, once: call, path, how many to let pass, errno (or "short"), by tabs
 *
 * A path is noted below the folder and without what differs from run to run: digits, and the random part of the name of
 * a temporary folder. Other programs that inherit the preload, compilers for example, are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define SHORT (-1) /* in place of an errno: write half of it */

static const char *root;
static int note = -1;
static char fail_call[32], fail_path[PATH_MAX];
static long fail_after;
static int fail_errno;

/* The next definition of a function, which is the C library's. */
#define REAL(result, name, ...)                                                     \
	static result (*real_##name)(__VA_ARGS__);                                  \
	if (!real_##name)                                                           \
		*(void **)&real_##name = dlsym(RTLD_NEXT, #name)

static bool is_python(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *name;

	if (length < 0)
		return false;
	path[length] = 0;
	name = strrchr(path, '/');
	return name && !strncmp(name + 1, "python", strlen("python"));
}

/* In place of a C library's open, which this library has as well. */
static int open_note(const char *path)
{
	REAL(int, open, const char *, int, ...);
	return real_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

__attribute__((constructor)) static void start(void)
{
	const char *fail = getenv("KTSTR_FAULTS_FAIL"), *path = getenv("KTSTR_FAULTS_NOTE");

	if (!path || !is_python())
		return;
	note = open_note(path);
	if (note < 0) {
		perror(path);
		_exit(99);
	}
	if (fail) {
		char how[16];

		if (sscanf(fail, "%31[^\t]\t%4095[^\t]\t%ld\t%15s", fail_call, fail_path, &fail_after, how) != 4) {
			fprintf(stderr, "KTSTR_FAULTS_FAIL=%s: not a call, a path, a number and an errno\n", fail);
			_exit(99);
		}
		fail_errno = strcmp(how, "short") ? atoi(how) : SHORT;
	}
	root = getenv("KTSTR_FAULTS_ROOT");
}

/* `path`, which is below the root, without what differs from run to run. */
static void plain(const char *path, char *into, size_t size)
{
	size_t at = 0;

	if (!strncmp(path, "tmp/", strlen("tmp/")) && !strchr(path, '.') && !strchr(path, '-')) {
		snprintf(into, size, "tmp/*"); /* a temporary file of Python, which is named at random */
		return;
	}
	while (*path && at + 2 < size) {
		if (*path >= '0' && *path <= '9') {
			while (*path >= '0' && *path <= '9')
				path++;
			into[at++] = '#';
		} else if (*path == '-' && strlen(path) >= strlen("-12345678.scratch") &&
			   !strncmp(path + strlen("-12345678"), ".scratch", strlen(".scratch"))) {
			into[at++] = '-'; /* mkdtemp(3) of Python: eight random characters */
			path += strlen("-12345678");
		} else {
			into[at++] = *path++;
		}
	}
	into[at] = 0;
}

/* Note a call on a path, and say how it is to fail: 0 (not at all), an errno, or SHORT. */
static int fault(const char *call, const char *path)
{
	char shown[PATH_MAX], line[PATH_MAX + 64];
	size_t below;
	int length, failed = 0;

	if (!root || !path)
		return 0;
	below = strlen(root);
	if (*path == '/') {
		if (strncmp(path, root, below) || path[below] != '/')
			return 0;
		path += below + 1;
	}
	plain(path, shown, sizeof(shown));
	if (!strcmp(shown, "output")) /* of the run itself */
		return 0;
	if (fail_errno && !strcmp(call, fail_call) && !strcmp(shown, fail_path) &&
	    __atomic_fetch_sub(&fail_after, 1, __ATOMIC_SEQ_CST) == 0)
		failed = fail_errno;
	length = snprintf(line, sizeof(line), "%s\t%s%s\n", call, shown, failed ? "\tfailed" : "");
	if (length > 0) {
		int kept = errno;
		REAL(ssize_t, write, int, const void *, size_t);

		if (real_write(note, line, (size_t)length) != length)
			_exit(99);
		errno = kept;
	}
	return failed;
}

static int fault_of(const char *call, int descriptor)
{
	char link[64], path[PATH_MAX];
	ssize_t length;
	int kept = errno;

	if (!root)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	length = readlink(link, path, sizeof(path) - 1);
	errno = kept;
	if (length < 0 || *path != '/') /* a socket or a pipe */
		return 0;
	path[length] = 0;
	return fault(call, path);
}

static int fault_at(const char *call, int folder, const char *path)
{
	char link[64], whole[2 * PATH_MAX];
	ssize_t length;

	if (!root || !path || *path == '/' || folder == AT_FDCWD)
		return fault(call, path);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	length = readlink(link, whole, PATH_MAX - 1);
	if (length < 0)
		return 0;
	snprintf(whole + length, sizeof(whole) - (size_t)length, "/%s", path);
	return fault(call, whole);
}

/* Return `failure` from the function, with the errno, if the call is to fail. */
#define FAIL_IF(how, failure)                                                       \
	do {                                                                        \
		int failed_ = (how);                                                \
		if (failed_) {                                                      \
			errno = failed_ == SHORT ? EIO : failed_;                   \
			return failure;                                             \
		}                                                                   \
	} while (0)

#define MODE_OF(flags, mode)                                                        \
	mode_t mode = 0;                                                            \
	if ((flags) & (O_CREAT | __O_TMPFILE)) {                                    \
		va_list rest;                                                       \
		va_start(rest, flags);                                              \
		mode = va_arg(rest, mode_t);                                        \
		va_end(rest);                                                       \
	}

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
}

#define OPEN(name)                                                                  \
	int name(const char *path, int flags, ...)                                  \
	{                                                                           \
		REAL(int, name, const char *, int, ...);                            \
		MODE_OF(flags, mode)                                                \
		if (writes(flags))                                                  \
			FAIL_IF(fault("open", path), -1);                           \
		return real_##name(path, flags, mode);                              \
	}

#define OPENAT(name)                                                                \
	int name(int folder, const char *path, int flags, ...)                      \
	{                                                                           \
		REAL(int, name, int, const char *, int, ...);                       \
		MODE_OF(flags, mode)                                                \
		if (writes(flags))                                                  \
			FAIL_IF(fault_at("open", folder, path), -1);                \
		return real_##name(folder, path, flags, mode);                      \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int descriptor, const void *data, size_t size)
{
	REAL(ssize_t, write, int, const void *, size_t);
	int how = fault_of("write", descriptor);

	if (how == SHORT)
		return real_write(descriptor, data, size > 1 ? size / 2 : size);
	FAIL_IF(how, -1);
	return real_write(descriptor, data, size);
}

#define PWRITE(name, offset)                                                        \
	ssize_t name(int descriptor, const void *data, size_t size, offset at)      \
	{                                                                           \
		REAL(ssize_t, name, int, const void *, size_t, offset);             \
		int how = fault_of("pwrite", descriptor);                           \
		if (how == SHORT)                                                   \
			return real_##name(descriptor, data, size > 1 ? size / 2 : size, at); \
		FAIL_IF(how, -1);                                                   \
		return real_##name(descriptor, data, size, at);                     \
	}

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SENDFILE(name, offset)                                                      \
	ssize_t name(int to, int from, offset *at, size_t size)                     \
	{                                                                           \
		REAL(ssize_t, name, int, int, offset *, size_t);                    \
		int how = fault_of("sendfile", to);                                 \
		if (how == SHORT)                                                   \
			return real_##name(to, from, at, size > 1 ? size / 2 : size); \
		FAIL_IF(how, -1);                                                   \
		return real_##name(to, from, at, size);                             \
	}

SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned int flags)
{
	REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned int);
	int how = fault_of("copy_file_range", to);

	if (how == SHORT)
		return real_copy_file_range(from, from_at, to, to_at, size > 1 ? size / 2 : size, flags);
	FAIL_IF(how, -1);
	return real_copy_file_range(from, from_at, to, to_at, size, flags);
}

int rename(const char *from, const char *to)
{
	REAL(int, rename, const char *, const char *);
	FAIL_IF(fault("rename", to), -1);
	return real_rename(from, to);
}

int renameat(int from_in, const char *from, int to_in, const char *to)
{
	REAL(int, renameat, int, const char *, int, const char *);
	FAIL_IF(fault_at("rename", to_in, to), -1);
	return real_renameat(from_in, from, to_in, to);
}

int link(const char *from, const char *to)
{
	REAL(int, link, const char *, const char *);
	FAIL_IF(fault("link", to), -1);
	return real_link(from, to);
}

int linkat(int from_in, const char *from, int to_in, const char *to, int flags)
{
	REAL(int, linkat, int, const char *, int, const char *, int);
	FAIL_IF(fault_at("link", to_in, to), -1);
	return real_linkat(from_in, from, to_in, to, flags);
}

int symlink(const char *target, const char *path)
{
	REAL(int, symlink, const char *, const char *);
	FAIL_IF(fault("symlink", path), -1);
	return real_symlink(target, path);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(int, mkdir, const char *, mode_t);
	FAIL_IF(fault("mkdir", path), -1);
	return real_mkdir(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	REAL(int, mkdirat, int, const char *, mode_t);
	FAIL_IF(fault_at("mkdir", folder, path), -1);
	return real_mkdirat(folder, path, mode);
}

#define SYNC(name)                                                                  \
	int name(int descriptor)                                                    \
	{                                                                           \
		REAL(int, name, int);                                               \
		FAIL_IF(fault_of("fsync", descriptor), -1);                         \
		return real_##name(descriptor);                                     \
	}

SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, offset)                                                      \
	int name(int descriptor, offset size)                                       \
	{                                                                           \
		REAL(int, name, int, offset);                                       \
		FAIL_IF(fault_of("ftruncate", descriptor), -1);                     \
		return real_##name(descriptor, size);                               \
	}

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

/* These two return the errno. */
#define ALLOCATE(name, offset)                                                      \
	int name(int descriptor, offset at, offset size)                            \
	{                                                                           \
		REAL(int, name, int, offset, offset);                               \
		int how = fault_of("fallocate", descriptor);                        \
		if (how)                                                            \
			return how == SHORT ? EIO : how;                            \
		return real_##name(descriptor, at, size);                           \
	}

ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

#define MMAP(name, offset)                                                          \
	void *name(void *address, size_t size, int access, int flags, int descriptor, offset at) \
	{                                                                           \
		REAL(void *, name, void *, size_t, int, int, int, offset);          \
		if (descriptor >= 0)                                                \
			FAIL_IF(fault_of("mmap", descriptor), MAP_FAILED);          \
		return real_##name(address, size, access, flags, descriptor, at);   \
	}

MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

/* Sockets have no path: each kind is a place. */
int socket(int domain, int type, int protocol)
{
	REAL(int, socket, int, int, int);
	FAIL_IF(fault("socket", domain == AF_UNIX ? "unix" : "other"), -1);
	return real_socket(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
	REAL(int, socketpair, int, int, int, int *);
	FAIL_IF(fault("socketpair", "unix"), -1);
	return real_socketpair(domain, type, protocol, ends);
}
