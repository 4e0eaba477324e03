// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CTF stream that was cut off: the decoder refuses the whole trace. LTTng writes an index beside
 * each stream (index/NAME.idx) that says where packets begin and end; a folder is made in which the
 * stream ends with its last whole packet, and the other files are links.
 *
 * Index: magic, version 1.x, bytes an entry; then entries that begin with a packet's offset in
 * bytes and its size in bits. All numbers big-endian.
 */
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctf_cut.h"

#define INDEX_MAGIC 0xc1f1dcc1u

struct index_header {
	u32 magic, major, minor, entry_size;
};

/*
 * Bytes of the stream's whole packets; @wanted: of all that the index has. False: there is no
 * index.
 */
static bool whole_packets(const char *folder, const char *name, u64 size, u64 *whole, u64 *wanted)
{
	char path[PATH_MAX];
	struct index_header header;
	u64 entry[2];
	FILE *file;

	*whole = *wanted = 0;
	if (snprintf(path, sizeof(path), "%s/index/%s.idx", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "rb");
	if (!file)
		return false;
	if (fread(&header, sizeof(header), 1, file) != 1 || be32toh(header.magic) != INDEX_MAGIC ||
	    be32toh(header.entry_size) < sizeof(entry)) {
		fclose(file);
		return false;
	}
	while (fread(entry, sizeof(entry), 1, file) == 1) {
		u64 end = be64toh(entry[0]) + be64toh(entry[1]) / 8;

		*wanted = end > *wanted ? end : *wanted;
		if (end <= size && end > *whole)
			*whole = end;
		if (fseek(file, (long)(be32toh(header.entry_size) - sizeof(entry)), SEEK_CUR))
			break;
	}
	fclose(file);
	return true;
}

/* The first @size bytes of a file. */
static bool copy_part(const char *from, const char *to, u64 size)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = in >= 0 && out >= 0;

	while (good && size) {
		ssize_t sent = sendfile(out, in, NULL, size);

		good = sent > 0;
		size -= good ? (u64)sent : 0;
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return good;
}

/* One file of the trace into the new folder. False: it can't be put there. */
static bool place(struct rig_ctf_cut *cut, const char *folder, const char *name, u64 size)
{
	char from[PATH_MAX], to[PATH_MAX];
	u64 whole, wanted;

	if (snprintf(from, sizeof(from), "%s/%s", folder, name) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", cut->folder, name) >= (int)sizeof(to))
		return false;
	if (!strcmp(name, "metadata") || !whole_packets(folder, name, size, &whole, &wanted) ||
	    wanted <= size)
		return symlink(from, to) == 0;
	return whole == 0 || copy_part(from, to, whole);
}

static bool each_file(struct rig_ctf_cut *cut, const char *folder,
		      bool (*each)(struct rig_ctf_cut *, const char *, const char *, u64))
{
	DIR *open_folder = opendir(folder);
	struct dirent *entry;
	bool good = open_folder != NULL;

	while (good && (entry = readdir(open_folder))) {
		char path[PATH_MAX];
		struct stat about;

		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    (int)sizeof(path) ||
		    stat(path, &about) || !S_ISREG(about.st_mode))
			continue;
		good = each(cut, folder, entry->d_name, (u64)about.st_size);
	}
	if (open_folder)
		closedir(open_folder);
	return good;
}

/* Is this stream shorter than its index says? The first one is what is told. */
static bool look(struct rig_ctf_cut *cut, const char *folder, const char *name, u64 size)
{
	u64 whole, wanted;

	if (!cut->cut && whole_packets(folder, name, size, &whole, &wanted) && wanted > size) {
		cut->cut = true;
		snprintf(cut->why, sizeof(cut->why),
			 "%.200s/%.60s: byte %llu: the file ends inside a packet (it should reach "
			 "byte %llu)",
			 folder, name, (unsigned long long)size, (unsigned long long)wanted);
	}
	return true;
}

bool rig_ctf_cut_begin(struct rig_ctf_cut *cut, const char *folder)
{
	const char *base = getenv("TMPDIR");
	char real[PATH_MAX];

	*cut = (struct rig_ctf_cut){ 0 };
	if (!realpath(folder, real))
		return false;
	each_file(cut, folder, look);
	if (!cut->cut)
		return false;
	snprintf(cut->folder, sizeof(cut->folder), "%s/kmemrig-ctf-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(cut->folder)) {
		cut->folder[0] = '\0';
		return false;
	}
	return each_file(cut, real, place);
}

void rig_ctf_cut_end(struct rig_ctf_cut *cut)
{
	DIR *folder = cut->folder[0] ? opendir(cut->folder) : NULL;
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	if (cut->folder[0])
		rmdir(cut->folder);
}
