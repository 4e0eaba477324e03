// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: states from copies of /proc files. Input: two bytes each, the lengths of zoneinfo and of
 * pagetypeinfo; these two; the rest is kpageflags, when there is a rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "run.h"
#include "states.h"

struct proc_file {
	const char *name;
	const u8 *data;
	size_t size;
};

static void write_files(const char *folder, const struct proc_file *files, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		char path[64];
		FILE *file;

		if (!files[i].size)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		file = fopen(path, "wb");
		if (!file || fwrite(files[i].data, 1, files[i].size, file) != files[i].size)
			abort();
		fclose(file);
	}
}

static void remove_files(const char *folder, const struct proc_file *files, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		unlink(path);
	}
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size, 0 };
	size_t zoneinfo = fuzz_u16(&bytes), types = fuzz_u16(&bytes), rest = size - bytes.at;
	char folder[] = "/dev/shm/kmemrig-proc-XXXXXX", error[RIG_STATE_ERROR] = "";
	struct proc_file files[3];
	struct rig_state *state;

	data += bytes.at;
	zoneinfo = zoneinfo < rest ? zoneinfo : rest;
	types = types < rest - zoneinfo ? types : rest - zoneinfo;
	files[0] = (struct proc_file){ "zoneinfo", data, zoneinfo };
	files[1] = (struct proc_file){ "pagetypeinfo", data + zoneinfo, types };
	files[2] = (struct proc_file){ "kpageflags", data + zoneinfo + types,
				       rest - zoneinfo - types };
	if (!mkdtemp(folder))
		abort();
	write_files(folder, files, 3);
	state = rig_state_from_proc(folder, NULL, error);
	if (!state && !error[0])
		abort(); /* refused, and nobody says why */
	if (state)
		fuzz_use_state(state, (unsigned int)size);
	rig_state_free(state);
	remove_files(folder, files, 3);
	return 0;
}
