// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: the reader of CTF folders. Input: two bytes, the length of the metadata; the metadata
 * (plain text, with its signature where the input has one); the rest is one stream file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "run.h"
#include "traces.h"

static void write_file(const char *path, const u8 *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, size, file) != size)
		abort();
	fclose(file);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size, 0 };
	size_t metadata_size = fuzz_u16(&bytes);
	char folder[] = "/dev/shm/kmemrig-ctf-XXXXXX", metadata[64], stream[64];

	if (!mkdtemp(folder))
		abort();
	data += bytes.at;
	size -= bytes.at;
	metadata_size = metadata_size < size ? metadata_size : size;
	snprintf(metadata, sizeof(metadata), "%s/metadata", folder);
	snprintf(stream, sizeof(stream), "%s/stream_0", folder);
	write_file(metadata, data, metadata_size);
	write_file(stream, data + metadata_size, size - metadata_size);
	fuzz_read_trace(folder);
	unlink(stream);
	unlink(metadata);
	rmdir(folder);
	return 0;
}
