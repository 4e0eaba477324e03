// SPDX-License-Identifier: GPL-2.0-only
/* Target: the reader of files: trace.dat, ftrace text, and what is neither; and of its symbols. */
#include "run.h"
#include "temporary.h"
#include "traces.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char error[RIG_RECORDING_ERROR];
	struct rig_input symbols;
	struct fuzz_file file;

	if (fuzz_is_perf(data, size))
		return 0;
	fuzz_file_make(&file, data, size);
	fuzz_read_trace(file.path);
	if (rig_recording_symbols(file.path, &symbols, error))
		rig_input_free(&symbols);
	fuzz_file_drop(&file);
	return 0;
}
