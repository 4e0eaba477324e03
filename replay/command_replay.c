// SPDX-License-Identifier: GPL-2.0-only
/* kmemrig replay: not there yet. */
#include <kmemrig/command.h>

int rig_command_replay(int argc, char **argv)
{
	return rig_usage_error("replay: not in this build");
}
