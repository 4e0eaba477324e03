// SPDX-License-Identifier: GPL-2.0-only
/*
 * The epoch of the machine's clock. LTTng's session daemon writes into the metadata how far the
 * trace clock is from the wall clock; a simulated machine's clock starts at 0 with its boot and
 * has no such distance, and what the daemon measured would differ from run to run. So the
 * number in the metadata is replaced by 0, blanks keeping the file's layout (metadata comes in
 * packets of fixed size).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private.h"

static int failures;

static void zero_offset(char *text, size_t size)
{
	static const char clock[] = "name = \"kmemrig\"";
	static const char offset[] = "offset = ";
	char *at = memmem(text, size, clock, sizeof(clock) - 1);
	char *end = text + size;

	at = at ? memmem(at, (size_t)(end - at), offset, sizeof(offset) - 1) : NULL;
	if (!at) {
		failures++;
		return;
	}
	at += sizeof(offset) - 1;
	*at++ = '0';
	while (at < end && *at != ';' && *at >= '0' && *at <= '9')
		*at++ = ' ';
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	void *map;
	int fd;

	if (type != FTW_F || strcmp(path + walk->base, "metadata") != 0 || status->st_size == 0)
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		failures++;
		return 0;
	}
	map = mmap(NULL, (size_t)status->st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		failures++;
		return 0;
	}
	zero_offset(map, (size_t)status->st_size);
	munmap(map, (size_t)status->st_size);
	return 0;
}

int rig_clock_offset_to_zero(const char *folder)
{
	failures = 0;
	if (nftw(folder, visit, 16, FTW_PHYS))
		return -EIO;
	return failures ? -EIO : 0;
}
