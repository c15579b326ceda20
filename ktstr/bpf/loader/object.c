// SPDX-License-Identifier: GPL-2.0-only
/* Opens the BPF object and applies what the arguments and the machine set in it. */
#include "object.h"

#include <errno.h>

#include "cpus.h"
#include "log.h"
#include "rodata.h"
#include "struct_ops.h"
#include "value.h"

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
	for (char **assignment = request->rodata; *assignment; assignment++)
		if (rodata_set(object, *assignment))
			goto refuse;
	for (char **assignment = request->values; *assignment; assignment++)
		if (value_set(object, *assignment))
			goto refuse;
	return object;

refuse:
	bpf_object__close(object);
	return NULL;
}
