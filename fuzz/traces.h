/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a trace to its end, for the targets of the readers. */
#ifndef RIG_FUZZ_TRACES_H
#define RIG_FUZZ_TRACES_H

/* Aborts when a reader refuses a trace without saying why. */
void fuzz_read_trace(const char *path);

#endif
