// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: flattened device trees as descriptions of machines. What is taken must boot or be refused
 * with a reason; sizes that a fuzzer should not wait for are left out.
 */
#include <stdlib.h>

#include <kmemrig/check.h>
#include <kmemrig/devicetree.h>

#include "run.h"

#define MOST_BYTES (1ULL << 40)

static bool small(const struct rig_machine_config *config)
{
	for (size_t i = 0; i < config->nr_memory; i++)
		if (config->memory[i].size > MOST_BYTES || config->memory[i].base > MOST_BYTES)
			return false;
	return config->nr_memory < 1000;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char error[512] = "";
	struct rig_devicetree *tree =
		rig_devicetree_parse(data, size, "fuzz.dtb", error, sizeof(error));
	struct rig_machine *machine;

	if (!tree) {
		if (!error[0])
			abort(); /* refused, and nobody says why */
		return 0;
	}
	if (small(&tree->config)) {
		machine = rig_machine_create(&tree->config, error, sizeof(error));
		rig_machine_destroy(machine);
	}
	rig_devicetree_close(tree);
	return 0;
}
