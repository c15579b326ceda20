// SPDX-License-Identifier: GPL-2.0-only
/* write_file PATH TEXT: writes a text to a file of the kernel's, in one write(2). */
#include <ktstr/operation.h>

#include "files.h"

static bool write_file(const struct arguments *arguments)
{
	const char *path = argument_text(arguments, "path");

	if (!file_write(path, argument_text(arguments, "text")))
		operation_refused(path);
	return true;
}
KTSTR_OPERATION(write_file, "path text", write_file);
