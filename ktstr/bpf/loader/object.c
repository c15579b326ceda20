// SPDX-License-Identifier: GPL-2.0-only
/* Opens the BPF object and applies what the arguments and the machine set in it. */
#include "object.h"

#include <errno.h>

#include "cpus.h"
#include "log.h"
#include "rodata.h"
#include "struct_ops.h"
#include "syscall.h"
#include "value.h"

/* name=0 or name=1: whether a program is loaded, whatever its section says ("?" leaves it out). */
static int choose_program(struct bpf_object *object, const char *choice)
{
	const char *equals = strchr(choice, '=');
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);

		if (!equals || strlen(name) != (size_t)(equals - choice) || strncmp(name, choice, equals - choice))
			continue;
		if (!bpf_program__set_autoload(program, equals[1] == '1'))
			return 0;
	}
	say("--program %s: the object has no such program", choice);
	return -1;
}

struct bpf_object *object_open(const struct request *request)
{
	struct bpf_object *object = bpf_object__open_file(request->object, NULL);

	if (!object && log_is_vague()) {
		log_keep_details();
		object = bpf_object__open_file(request->object, NULL);
	}
	if (!object) {
		say("not a BPF object that can be opened: %s", log_reason(errno));
		return NULL;
	}
	if (!request->each && struct_ops_choose(object, request->ops))
		goto refuse;
	if (!request->check && cpus_set(object))
		goto refuse;
	for (char **choice = request->programs; *choice; choice++)
		if (choose_program(object, *choice))
			goto refuse;
	for (char **assignment = request->rodata; *assignment; assignment++)
		if (rodata_set(object, *assignment))
			goto refuse;
	for (char **assignment = request->values; *assignment; assignment++)
		if (value_set(object, *assignment))
			goto refuse;
	if (request->watchdog_ms)
		struct_ops_set_watchdog(object, request->watchdog_ms);
	for (char **call = request->runs; *call; call++)
		if (syscall_check(object, *call))
			goto refuse;
	for (char **call = request->then; *call; call++)
		if (syscall_check(object, *call))
			goto refuse;
	return object;

refuse:
	bpf_object__close(object);
	return NULL;
}
