// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CTF stream that was cut off or overwritten where a packet should begin: the decoder refuses the
 * whole trace. A folder is made in which the stream ends with its last whole packet, and the other
 * files are links. If no packet is whole, the first one is made to end where the file does: its
 * events are read up to the one that is cut.
 *
 * Where packets begin and end is known from the index that LTTng writes beside each stream
 * (index/NAME.idx): magic, version 1.x, bytes an entry; then entries that begin with a packet's
 * offset in bytes and its size in bits. All numbers big-endian. Without an index the packets
 * themselves say it, if they have the layout of LTTng or of babeltrace2's sink.ctf.fs:
 *
 *	byte 0  magic    4  UUID    20  stream    24  instance    32  begin    40  end
 *	    48  bits of contents    56  bits of the packet
 *
 *	byte 0  magic    4  UUID    20  stream    28  instance
 *	    36  bits of the packet    44  bits of contents
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

#include <kmemrig/ctf_cut.h>

#define INDEX_MAGIC 0xc1f1dcc1u
#define PACKET_MAGIC 0xc1fc1fc1u
#define MAX_PACKET (1ull << 32) /* bytes; LTTng's sub-buffers are far below */

enum { UUID_AT = 4, UUID_SIZE = 16, HEAD_SIZE = 64 };

/* Where a packet's head has its sizes; bytes. */
static const struct layout {
	unsigned int contents_at, packet_at;
} layouts[] = { { 48, 56 }, { 44, 36 } };

struct index_header {
	u32 magic, major, minor, entry_size;
};

/* What is known of a stream's packets. */
struct extent {
	u64 whole;  /* bytes of packets that are there whole, from the beginning */
	u64 wanted; /* bytes up to the end of the last packet that was begun */
	bool bad;   /* no packet begins at whole, though there are bytes */
};

static bool extent_of_index(const char *folder, const char *name, u64 size, struct extent *extent)
{
	char path[PATH_MAX];
	struct index_header header;
	u64 entry[2];
	FILE *file;

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

		extent->wanted = end > extent->wanted ? end : extent->wanted;
		if (end <= size && end > extent->whole)
			extent->whole = end;
		if (fseek(file, (long)(be32toh(header.entry_size) - sizeof(entry)), SEEK_CUR))
			break;
	}
	fclose(file);
	return true;
}

static u64 get_size(const unsigned char *head, unsigned int at)
{
	u64 size;

	memcpy(&size, head + at, sizeof(size));
	return head[0] == (PACKET_MAGIC & 0xff) ? le64toh(size) : be64toh(size);
}

static void put_size(unsigned char *head, unsigned int at, u64 size)
{
	size = head[0] == (PACKET_MAGIC & 0xff) ? htole64(size) : htobe64(size);
	memcpy(head + at, &size, sizeof(size));
}

/* Bytes of the packet with that head; 0: this is none, or not of that layout. */
static u64 packet_bytes(const unsigned char *head, const unsigned char *first,
			const struct layout *layout)
{
	u64 contents = get_size(head, layout->contents_at);
	u64 packet = get_size(head, layout->packet_at);
	u32 magic;

	memcpy(&magic, head, sizeof(magic));
	if ((le32toh(magic) != PACKET_MAGIC && be32toh(magic) != PACKET_MAGIC) ||
	    memcmp(head + UUID_AT, first + UUID_AT, UUID_SIZE) || packet % 8 ||
	    packet / 8 < HEAD_SIZE || packet / 8 > MAX_PACKET || contents > packet ||
	    contents / 8 < HEAD_SIZE)
		return 0;
	return packet / 8;
}

static const struct layout *find_layout(const unsigned char *head)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (packet_bytes(head, head, &layouts[i]))
			return &layouts[i];
	return NULL;
}

static bool extent_of_packets(const char *folder, const char *name, u64 size, struct extent *extent)
{
	unsigned char head[HEAD_SIZE], first[HEAD_SIZE];
	const struct layout *layout = NULL;
	char path[PATH_MAX];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "rb");
	while (file && extent->wanted < size && !fseek(file, (long)extent->wanted, SEEK_SET)) {
		u64 bytes;

		memset(head, 0, sizeof(head));
		if (fread(head, 1, sizeof(head), file) < sizeof(head)) {
			/* cut inside of a head: how long the packet was is not known */
			extent->wanted = layout ? extent->wanted + HEAD_SIZE : 0;
			break;
		}
		if (!layout) {
			layout = find_layout(head);
			memcpy(first, head, sizeof(first));
		}
		bytes = layout ? packet_bytes(head, first, layout) : 0;
		extent->bad = layout && !bytes;
		if (!bytes)
			break;
		extent->wanted += bytes;
		extent->whole = extent->wanted <= size ? extent->wanted : extent->whole;
	}
	if (file)
		fclose(file);
	return layout != NULL;
}

/* False: nothing is known of this file's packets. */
static bool find_extent(const char *folder, const char *name, u64 size, struct extent *extent)
{
	*extent = (struct extent){ 0 };
	return strcmp(name, "metadata") && (extent_of_index(folder, name, size, extent) ||
					    extent_of_packets(folder, name, size, extent));
}

static bool is_cut(const struct extent *extent, u64 size)
{
	return extent->bad || extent->wanted > size;
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

/* A copy of a packet that is cut off, with the sizes that it has now. */
static bool copy_shortened(const char *from, const char *to, u64 size)
{
	const struct layout *layout = NULL;
	unsigned char head[HEAD_SIZE];
	FILE *file;
	bool good;

	if (size <= HEAD_SIZE || !copy_part(from, to, size))
		return size <= HEAD_SIZE;
	file = fopen(to, "r+b");
	good = file && fread(head, sizeof(head), 1, file) == 1;
	if (good)
		layout = find_layout(head);
	if (layout) {
		u64 contents = get_size(head, layout->contents_at);

		put_size(head, layout->contents_at, contents < size * 8 ? contents : size * 8);
		put_size(head, layout->packet_at, size * 8);
		rewind(file);
		good = fwrite(head, sizeof(head), 1, file) == 1;
	}
	if (file && fclose(file))
		good = false;
	/* in another layout nothing of it can be read */
	return good && (layout || !unlink(to));
}

/* One file of the trace into the new folder. False: it can't be put there. */
static bool place(struct rig_ctf_cut *cut, const char *folder, const char *name, u64 size)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct extent extent;

	if (snprintf(from, sizeof(from), "%s/%s", folder, name) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", cut->folder, name) >= (int)sizeof(to))
		return false;
	if (!find_extent(folder, name, size, &extent) || !is_cut(&extent, size))
		return symlink(from, to) == 0;
	return extent.whole ? copy_part(from, to, extent.whole) : copy_shortened(from, to, size);
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

/* Are all packets of this stream whole? The first stream where not is what is told. */
static bool look(struct rig_ctf_cut *cut, const char *folder, const char *name, u64 size)
{
	struct extent extent;

	if (cut->cut || !find_extent(folder, name, size, &extent) || !is_cut(&extent, size))
		return true;
	cut->cut = true;
	if (extent.bad)
		snprintf(cut->why, sizeof(cut->why),
			 "%.200s/%.60s: byte %llu: no packet begins here; the rest is left out",
			 folder, name, (unsigned long long)extent.whole);
	else
		snprintf(cut->why, sizeof(cut->why),
			 "%.200s/%.60s: byte %llu: the file ends inside a packet (it should reach "
			 "byte %llu)",
			 folder, name, (unsigned long long)size, (unsigned long long)extent.wanted);
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
