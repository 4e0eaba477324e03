/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's call stack by the names of its functions. */
#ifndef KMEMRIG_LTTNG_CALLSTACK_H
#define KMEMRIG_LTTNG_CALLSTACK_H

#include <stdbool.h>
#include <stddef.h>

#define RIG_CALLSTACK_TEXT 2048

/* Outermost function first, separated by ";", as tools for flame graphs read it. */
struct rig_callstack {
	char functions[RIG_CALLSTACK_TEXT];
	char lines[RIG_CALLSTACK_TEXT]; /* "file.c:12;..." for each; "?" if not known */
};

/* Finds what names addresses. False, and a reason in @error. */
bool rig_callstack_start(char *error, size_t error_size);

/* The calls that led to the event which is being recorded: from main() to who emits it. */
void rig_callstack_take(struct rig_callstack *stack);

#endif
