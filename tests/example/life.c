// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test of a driver, whole: a machine with the device, the driver's module loaded and unloaded.
 * An exit status: 0, or 1 where the module could not be loaded; misuse ends it with 3.
 */
#include "life.h"

#include <stdio.h>

#include <kmemrig/devicetree.h>
#include <linux/module.h>

int life(const char *parameter)
{
	char error[200];
	struct rig_devicetree *tree = rig_devicetree_open("pc", error, sizeof(error));
	struct rig_machine *machine = NULL;
	int code = 2;

	if (tree) {
		tree->config.command_line = "slub_debug=FZPU";
		machine = rig_machine_create(&tree->config, error, sizeof(error));
		rig_devicetree_close(tree);
	}
	if (!machine || rig_module_parameter(parameter)) {
		fprintf(stderr, "%s\n", machine ? parameter : error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	code = init_module();
	if (code == 0)
		cleanup_module();
	rig_machine_destroy(machine);
	return code ? 1 : 0;
}
