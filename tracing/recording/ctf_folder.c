// SPDX-License-Identifier: GPL-2.0-only
/*
 * CTF on disk. A recording of LTTng is a tree of folders (user space, kernel, per process), each
 * with a file "metadata" being one trace.
 *
 * Metadata comes as plain text or in packets: magic, UUID, checksum, sizes in bits, ...
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <kmemrig/ctf_folder.h>

#define METADATA_MAGIC 0x75d11d57u

static int find_below(const char *path, char *traces[], int nr)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) && nr < RIG_CTF_MAX_TRACES) {
		char below[PATH_MAX];
		struct stat about;

		if (!strcmp(entry->d_name, "metadata")) {
			traces[nr] = strdup(path);
			nr += traces[nr] != NULL;
		}
		if (entry->d_name[0] == '.' || snprintf(below, sizeof(below), "%s/%s", path,
							entry->d_name) >= (int)sizeof(below))
			continue;
		if (!lstat(below, &about) && S_ISDIR(about.st_mode))
			nr = find_below(below, traces, nr);
	}
	if (folder)
		closedir(folder);
	return nr;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rig_ctf_find_traces(const char *path, char *traces[RIG_CTF_MAX_TRACES])
{
	int nr = find_below(path, traces, 0);

	qsort(traces, (size_t)nr, sizeof(traces[0]), by_name);
	return nr;
}

bool rig_ctf_metadata_whole(const char *folder, char *error)
{
	enum { HEADER = 37 };
	char name[PATH_MAX + 16];
	u32 words[8];
	FILE *file;
	long at = 0, end = 0;
	bool whole = true;

	snprintf(name, sizeof(name), "%s/metadata", folder);
	file = fopen(name, "rb");
	if (!file || fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0) {
		snprintf(error, RIG_CTF_ERROR, "%s: %s", name, strerror(errno));
		if (file)
			fclose(file);
		return false;
	}
	while (whole && at < end) {
		u32 contents, packet;

		memset(words, 0, sizeof(words));
		if (fseek(file, at, SEEK_SET) || !fread(words, 1, sizeof(words), file))
			break;
		/* without it at the beginning this is plain text */
		whole = words[0] == METADATA_MAGIC || words[0] == __builtin_bswap32(METADATA_MAGIC);
		if (!whole && !at) {
			whole = true;
			break;
		}
		/* words 6 and 7: bits of contents and of the packet */
		contents = words[0] == METADATA_MAGIC ? words[6] : __builtin_bswap32(words[6]);
		packet = words[0] == METADATA_MAGIC ? words[7] : __builtin_bswap32(words[7]);
		whole = whole && end - at >= HEADER && contents / 8 >= HEADER &&
			contents <= packet && packet / 8 <= end - at;
		if (!whole)
			snprintf(error, RIG_CTF_ERROR,
				 "%s: byte %ld: the metadata is cut off or corrupt", name,
				 end - at < HEADER ? end : at);
		at += packet / 8;
	}
	if (!end) {
		snprintf(error, RIG_CTF_ERROR, "%s: byte 0: the metadata is empty", name);
		whole = false;
	}
	fclose(file);
	return whole;
}
