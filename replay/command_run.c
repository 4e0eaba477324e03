// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig run: not there yet. */
#include <kmemrig/command.h>

int rig_command_run(int argc, char **argv)
{
	return rig_usage_error("run: not in this build");
}
