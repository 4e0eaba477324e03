// SPDX-License-Identifier: GPL-2.0-only
/* Which reader a file needs: by its first bytes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "input.h"

enum kind { KIND_NONE, KIND_TRACE_DAT, KIND_PERF, KIND_TEXT };

#define TRACE_DAT_MAGIC "\x17\x08\x44tracing"
#define PERF_MAGIC "PERFILE2"

static enum kind text_kind(FILE *file)
{
	char line[2048];

	rewind(file);
	for (int i = 0; i < 64 && fgets(line, sizeof(line), file); i++) {
		if (strncmp(line, "# tracer:", 9) == 0 || rig_trace_text_recognizes(line))
			return KIND_TEXT;
		for (size_t c = 0; line[c]; c++)
			if ((unsigned char)line[c] < 9)
				return KIND_NONE;
	}
	return KIND_NONE;
}

static enum kind kind_of(const char *path, int *error)
{
	char magic[16] = "";
	FILE *file = fopen(path, "r");
	enum kind kind;

	*error = file ? 0 : errno;
	if (!file)
		return KIND_NONE;
	if (fread(magic, 1, sizeof(magic), file) < 3)
		kind = KIND_NONE;
	else if (memcmp(magic, TRACE_DAT_MAGIC, 3) == 0)
		kind = KIND_TRACE_DAT;
	else if (memcmp(magic, PERF_MAGIC, sizeof(PERF_MAGIC) - 1) == 0)
		kind = KIND_PERF;
	else
		kind = text_kind(file);
	fclose(file);
	return kind;
}

double rig_input_weight(const char *path)
{
	int error;

	switch (kind_of(path, &error)) {
	case KIND_TRACE_DAT:
	case KIND_PERF:
		return 0.9;
	case KIND_TEXT:
		return 0.7;
	default:
		return 0;
	}
}

struct rig_input *rig_input_open(const char *path, char *error, size_t error_size)
{
	int code;

	switch (kind_of(path, &code)) {
	case KIND_TRACE_DAT:
		return rig_trace_dat_open(path, error, error_size);
	case KIND_PERF:
		return rig_perf_open(path, error, error_size);
	case KIND_TEXT:
		return rig_trace_text_open(path, error, error_size);
	default:
		snprintf(
			error, error_size, "%s: %s", path,
			code ? strerror(code)
			     : "neither trace.dat, nor perf.data, nor ftrace's text with event names");
		return NULL;
	}
}
