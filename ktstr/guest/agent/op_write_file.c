// SPDX-License-Identifier: GPL-2.0-only
/* write_file PATH TEXT: writes the text to a file of the kernel. */
#include <ktstr/operation.h>

#include "files.h"

static bool write_file(const struct arguments *arguments)
{
	if (!file_write(argument_text(arguments, "path"), argument_text(arguments, "text")))
		operation_refused(argument_text(arguments, "path"));
	return true;
}
KTSTR_OPERATION(write_file, "path text", write_file);
