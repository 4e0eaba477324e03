/* SPDX-License-Identifier: GPL-2.0-only */
/* A fuzzer's bytes as a file with a name, for readers that open paths. In memory, not on disk. */
#ifndef RIG_FUZZ_TEMPORARY_H
#define RIG_FUZZ_TEMPORARY_H

#include <linux/types.h>

struct fuzz_file {
	int fd;
	char path[32]; /* /proc/self/fd/N */
};

/* Aborts when the host can't. */
void fuzz_file_make(struct fuzz_file *file, const u8 *data, size_t size);
void fuzz_file_drop(struct fuzz_file *file);

#endif
