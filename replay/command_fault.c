// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig fault: not there yet. */
#include <kmemrig/command.h>

int rig_command_fault(int argc, char **argv)
{
	return rig_usage_error("fault: not in this build");
}
