// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig trace: not there yet. */
#include <kmemrig/command.h>

int rig_command_trace(int argc, char **argv)
{
	return rig_usage_error("trace: not in this build");
}
