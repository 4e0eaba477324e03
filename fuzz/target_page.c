// SPDX-License-Identifier: GPL-2.0-only
/* Target: the page allocator alone, on machines of several nodes, zones and CPUs. */
#include "run.h"

const struct fuzz_shape fuzz_shape = {
	.name = "page",
	.kinds = FUZZ_OP(PAGE_ALLOC) | FUZZ_OP(PAGE_ALLOC_BULK) | FUZZ_OP(PAGE_ALLOC_EXACT) |
		 FUZZ_OP(PAGE_FREE_LIST) | FUZZ_OP(FREE) | FUZZ_OP(DRAIN) | FUZZ_OP(CPU) |
		 FUZZ_OP(FAULT_ATTRIBUTE) | FUZZ_OP(FAIL_NTH) | FUZZ_OP(CHECK),
	.check_every = 64,
	.max_cpus = 4,
	.max_nodes = 3,
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	return fuzz_run_input(&fuzz_shape, data, size);
}
