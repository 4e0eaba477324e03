/* SPDX-License-Identifier: GPL-2.0-only */
/* A recorded trace as one HTML file, by babeltrace2 and our plugin. */
#ifndef RIG_HTML_REPORT_H
#define RIG_HTML_REPORT_H

#include <linux/types.h>

/* Writes @output from the trace in folder @trace. False: @error. */
bool rig_html_report(const char *trace, const char *output, char *error, size_t error_size);

#endif
