// SPDX-License-Identifier: GPL-2.0-only
/* Files in memory: see temporary.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "temporary.h"

void fuzz_file_make(struct fuzz_file *file, const u8 *data, size_t size)
{
	file->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (file->fd < 0)
		abort();
	for (size_t at = 0; at < size;) {
		ssize_t written = write(file->fd, data + at, size - at);

		if (written <= 0)
			abort();
		at += (size_t)written;
	}
	if (lseek(file->fd, 0, SEEK_SET) != 0)
		abort();
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

void fuzz_file_drop(struct fuzz_file *file)
{
	close(file->fd);
}
