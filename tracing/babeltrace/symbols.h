/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of kernel functions by address: from a kallsyms file or a trace.dat file. */
#ifndef RIG_BT_SYMBOLS_H
#define RIG_BT_SYMBOLS_H

#include <linux/types.h>

struct rig_symbols;

/* NULL and a reason in @error. Files compressed with xz or gzip are not read. */
struct rig_symbols *rig_symbols_open(const char *path, char *error, size_t error_size);
/*
 * A trace.dat that a source of ours has open: asking for its symbols does not read it again. One
 * graph runs in one thread; the source withdraws before it closes the file.
 */
struct tep_handle;
void rig_symbols_offer(const char *path, struct tep_handle *tep);
void rig_symbols_withdraw(struct tep_handle *tep);

void rig_symbols_close(struct rig_symbols *symbols);

/* "name+0x12", or "0x..." where no function is known; @symbols may be NULL. Returns @text. */
const char *rig_symbols_text(const struct rig_symbols *symbols, u64 address, char *text,
			     size_t size);

#endif
