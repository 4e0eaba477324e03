// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig show: not there yet. */
#include <kmemrig/command.h>

int rig_command_show(int argc, char **argv)
{
	return rig_usage_error("show: not in this build");
}
