// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's symbols out of a trace.dat file: a section of its own, packed in version 7. Read
 * here rather than through the library that decodes the events, as that one runs in a child.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "trace_dat_file.h"
#include "trace_dat_format.h"

/* No kernel has more than this of symbols. */
#define MAX_SYMBOLS (256ull << 20)

/* zstd is what Debian's library packs with; what it can't unpack gives no events either. */
static bool unpack(const char *compression, const char *from, u64 size, char *to, u64 room)
{
	size_t got = strcmp(compression, "zstd") ? 0 : ZSTD_decompress(to, room, from, size);

	return !ZSTD_isError(got) && got == room;
}

/* The section's contents, which begin with their sizes where they are packed. */
static bool read_packed(const struct rig_trace_dat_file *file, struct rig_input *text)
{
	u64 size = file->kallsyms.size - CHUNK_HEADER, room;
	u8 sizes[CHUNK_HEADER];
	char *packed;
	bool good;

	if (file->kallsyms.size <= CHUNK_HEADER ||
	    !rig_trace_dat_read(file, file->kallsyms.offset, sizes, sizeof(sizes)))
		return false;
	room = rig_trace_dat_number(file, sizes + 4, 4);
	if (room > MAX_SYMBOLS)
		return false;
	packed = malloc(size);
	text->data = malloc(room + 1);
	text->size = room;
	good = packed && text->data &&
	       rig_trace_dat_read(file, file->kallsyms.offset + CHUNK_HEADER, packed, size) &&
	       unpack(file->compression, packed, size, text->data, room);
	free(packed);
	return good;
}

static bool read_plain(const struct rig_trace_dat_file *file, u64 offset, u64 size,
		       struct rig_input *text)
{
	text->data = size <= MAX_SYMBOLS ? malloc(size + 1) : NULL;
	text->size = size;
	return text->data && rig_trace_dat_read(file, offset, text->data, size);
}

/* A section begins with the length of its text, as version 6 has it without a section. */
static bool drop_length(const struct rig_trace_dat_file *file, struct rig_input *text)
{
	u64 length;

	if (file->version == 6)
		return true;
	if (text->size < 4)
		return false;
	length = rig_trace_dat_number(file, text->data, 4);
	if (length > text->size - 4)
		return false;
	memmove(text->data, text->data + 4, length);
	text->size = length;
	return true;
}

bool rig_recording_symbols(const char *path, struct rig_input *text, char *error)
{
	struct rig_trace_dat_file file;
	char plain[32];
	int fd = rig_input_open_plain(path, plain, sizeof(plain), error);
	bool good;

	*text = (struct rig_input){ 0 };
	if (fd < 0)
		return false;
	good = rig_trace_dat_walk(&file, path, fd) != RIG_TRACE_DAT_UNREADABLE;
	if (!good)
		snprintf(error, RIG_RECORDING_ERROR, "%s", file.error);
	else if (!file.kallsyms.size)
		snprintf(error, RIG_RECORDING_ERROR, "%s: it holds no symbols", path);
	good = good && file.kallsyms.size;
	if (good && !((file.kallsyms_packed ? read_packed(&file, text)
					    : read_plain(&file, file.kallsyms.offset,
							 file.kallsyms.size, text)) &&
		      drop_length(&file, text))) {
		snprintf(error, RIG_RECORDING_ERROR, "%s: byte %llu: its symbols can't be read",
			 path, (unsigned long long)file.kallsyms.offset);
		good = false;
	}
	if (good)
		text->data[text->size] = '\0';
	else
		rig_input_free(text);
	rig_trace_dat_end(&file);
	close(fd);
	return good;
}
