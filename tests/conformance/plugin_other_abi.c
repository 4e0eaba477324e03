// SPDX-License-Identifier: GPL-2.0-only
/* A backend that was built for another version of the contract: it must be refused. */
#include <kmemrig/backend.h>

static const struct slab_backend backend = {
	.abi = RIG_BACKEND_ABI + 1,
	.name = "future",
};

const struct slab_backend *kmemrig_slab_backend(void);

const struct slab_backend *kmemrig_slab_backend(void)
{
	return &backend;
}
