/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the text. text_output.c: the whole, and totals and tables of objects, pages, tasks;
 * text_pressure.c: what failed, and how fragmented memory was.
 */
#ifndef RIG_BT_TEXT_H
#define RIG_BT_TEXT_H

#include "output.h"

/* Nothing where nothing failed. */
void rig_text_failures(const struct rig_output *output, FILE *file);
/* Nothing where the trace has no page events. */
void rig_text_fragmentation(const struct rig_output *output, FILE *file);

/* What the parts share. */
void rig_text_title(FILE *file, const char *text);
/* Says how many of @nr rows the limit hides. */
void rig_text_more(FILE *file, const struct rig_output *output, size_t nr);
const char *rig_text_duration(double ns, char *text, size_t size);

#endif
