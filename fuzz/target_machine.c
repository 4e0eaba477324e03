// SPDX-License-Identifier: GPL-2.0-only
/* Target: everything an op can do, together. */
#include "run.h"

const struct fuzz_shape fuzz_shape = {
	.name = "machine",
	/* an area in use "from the start" makes sense before anything else only */
	.kinds = ((1ULL << RIG_NR_OPS) - 1) & ~FUZZ_OP(VMALLOC_USED),
	.check_every = 32,
	.max_cpus = 4,
	.max_nodes = 2,
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	return fuzz_run_input(&fuzz_shape, data, size);
}
