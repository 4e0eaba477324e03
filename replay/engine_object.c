// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include "engine.h"
bool rig_engine_run_objects(struct rig_engine *engine, char *error)
{
	snprintf(error, RIG_TRACE_ERROR, "object level: not in this build");
	return false;
}
