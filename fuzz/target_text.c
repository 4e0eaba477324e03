// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: ftrace text through the reader, as the babeltrace2 plugin uses it. All inputs are read as
 * text: a line of comment stands in front.
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "temporary.h"
#include "traces.h"

static const char head[] = "# tracer: nop\n";

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t front = sizeof(head) - 1;
	u8 *text = malloc(front + size);
	struct fuzz_file file;

	if (!text)
		abort();
	memcpy(text, head, front);
	if (size)
		memcpy(text + front, data, size);
	fuzz_file_make(&file, text, front + size);
	free(text);
	fuzz_read_recording(file.path);
	fuzz_file_drop(&file);
	return 0;
}
