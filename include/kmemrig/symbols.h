/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of kernel functions by address: from a kallsyms file or a trace.dat file. */
#ifndef KMEMRIG_SYMBOLS_H
#define KMEMRIG_SYMBOLS_H

#include <kmemrig/input.h>
#include <linux/types.h>

struct rig_symbols;

/* NULL and a reason in @error (of at least RIG_INPUT_ERROR bytes). xz and zstd are unpacked. */
struct rig_symbols *rig_symbols_open(const char *path, char *error);
void rig_symbols_close(struct rig_symbols *symbols);

/* "name+0x12", or "0x..." where no function is known; @symbols may be NULL. Returns @text. */
const char *rig_symbols_text(const struct rig_symbols *symbols, u64 address, char *text,
			     size_t size);

#endif
