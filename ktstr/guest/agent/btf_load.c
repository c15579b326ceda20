// SPDX-License-Identifier: GPL-2.0-only
/* BTF that is read from the kernel: an object's through bpf(2), its own through sysfs. */
#include "btf_load.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

bool btf_load(struct btf *btf, uint32_t id)
{
	struct bpf_btf_info about = { 0 };
	uint32_t size;
	char *data;
	int fd;

	if (btf->id == id)
		return btf->types;
	fd = bpf_open_id(BPF_BTF_GET_FD_BY_ID, id);
	if (fd < 0)
		return false;
	bpf_info(fd, &about, sizeof(about));
	size = about.btf_size;
	data = malloc(size);
	if (!data)
		fail_errno("btf", "memory for an object's BTF");
	about = (struct bpf_btf_info){ .btf = (uint64_t)(uintptr_t)data, .btf_size = size };
	bpf_info(fd, &about, sizeof(about));
	close(fd);
	btf_parse(btf, data, size);
	btf->id = id;
	return btf->types;
}

bool btf_load_kernel(struct btf *btf)
{
	int fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC);
	size_t size, used = 0;
	struct stat about;
	ssize_t got;
	char *data;

	if (fd < 0)
		return false;
	if (fstat(fd, &about)) {
		close(fd);
		return false;
	}
	size = (size_t)about.st_size;
	data = malloc(size);
	if (!data)
		fail_errno("btf", "memory for the kernel's BTF");
	while (used < size && (got = read(fd, data + used, size - used)) > 0)
		used += (size_t)got;
	close(fd);
	return btf_parse(btf, data, used);
}
