// SPDX-License-Identifier: GPL-2.0-only
/* Target: the reader of files: trace.dat, ftrace text, and what is neither. */
#include "run.h"
#include "temporary.h"
#include "traces.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_file file;

	fuzz_file_make(&file, data, size);
	fuzz_read_trace(file.path);
	fuzz_file_drop(&file);
	return 0;
}
