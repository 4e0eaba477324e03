// SPDX-License-Identifier: GPL-2.0-only
#include "reader.h"
void rig_read_ftrace_text(const char *path, const char *plain, struct rig_trace_out *out)
{
}
