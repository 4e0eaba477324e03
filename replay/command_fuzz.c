// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig fuzz: not there yet. */
#include <kmemrig/command.h>

int rig_command_fuzz(int argc, char **argv)
{
	return rig_usage_error("fuzz: not in this build");
}
