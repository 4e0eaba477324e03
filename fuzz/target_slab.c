// SPDX-License-Identifier: GPL-2.0-only
/* Target: caches and kmalloc on SLUB, SLAB and SLOB; the input chooses which. */
#include "run.h"

const struct fuzz_shape fuzz_shape = {
	.name = "slab",
	.kinds = FUZZ_OP(CACHE_CREATE) | FUZZ_OP(CACHE_ALLOC) | FUZZ_OP(CACHE_ALLOC_BULK) |
		 FUZZ_OP(KMALLOC) | FUZZ_OP(KREALLOC) | FUZZ_OP(FREE) | FUZZ_OP(CACHE_DESTROY) |
		 FUZZ_OP(CACHE_SHRINK) | FUZZ_OP(CPU) | FUZZ_OP(TIME) | FUZZ_OP(FAULT_ATTRIBUTE) |
		 FUZZ_OP(FAIL_NTH) | FUZZ_OP(CHECK),
	.check_every = 32,
	.max_cpus = 4,
	.max_nodes = 3,
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	return fuzz_run_input(&fuzz_shape, data, size);
}
