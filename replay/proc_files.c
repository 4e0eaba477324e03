// SPDX-License-Identifier: GPL-2.0-only
/* Reading copies of /proc files: see proc_files.h. Numbers are checked before they index. */
#include <kmemrig/input.h>
#include <linux/pfn.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc_files.h"

#define MAX_ZONES 256
/* 4 TiB: a map of all page frames is drawn. */
#define MAX_PFN (1UL << (42 - PAGE_SHIFT))

/* A file being read line by line. */
struct text {
	struct rig_input input;
	char path[4096];
	char *next;
	size_t line;
	char *error;
};

static bool refuse(const struct text *text, const char *format, ...) __printf(2, 3);

static bool refuse(const struct text *text, const char *format, ...)
{
	int used = snprintf(text->error, RIG_STATE_ERROR, "%s:%zu: ", text->path, text->line);
	va_list list;

	va_start(list, format);
	if (used > 0 && used < RIG_STATE_ERROR)
		vsnprintf(text->error + used, RIG_STATE_ERROR - (size_t)used, format, list);
	va_end(list);
	return false;
}

enum found { FOUND, NOT_THERE, UNREADABLE };

/* The folder's file of that name, packed or not. */
static enum found find_file(struct text *text, const char *folder, const char *name, char *error)
{
	static const char *const endings[] = { "", ".xz", ".zst", ".txt" };

	*text = (struct text){ .error = error };
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		int length = snprintf(text->path, sizeof(text->path), "%s/%s%s", folder, name,
				      endings[i]);

		if (length >= (int)sizeof(text->path) || access(text->path, F_OK))
			continue;
		if (!rig_input_read(&text->input, text->path, error)) {
			rig_input_free(&text->input);
			return UNREADABLE;
		}
		text->next = text->input.data;
		return FOUND;
	}
	return NOT_THERE;
}

/* The next line without its end; NULL: there is none. */
static char *next_line(struct text *text)
{
	char *line = text->next, *end;

	if (!line || line >= text->input.data + text->input.size)
		return NULL;
	end = line + strcspn(line, "\n");
	text->next = end + 1;
	*end = '\0';
	text->line++;
	return line;
}

static struct proc_zone *zone_named(struct proc_files *files, int node, const char *name)
{
	for (size_t i = 0; i < files->nr_zones; i++)
		if (files->zones[i].record.node == node &&
		    !strcmp(files->zones[i].record.name, name))
			return &files->zones[i];
	return NULL;
}

/* --- zoneinfo */

static bool begin_zone(struct proc_files *files, const struct text *text, int node,
		       const char *name)
{
	struct proc_zone *zones;

	if (node < 0 || node >= MAX_NUMNODES)
		return refuse(text, "node %d: 0 to %d are possible", node, MAX_NUMNODES - 1);
	if (files->nr_zones == MAX_ZONES || zone_named(files, node, name))
		return refuse(text, "zone %s of node %d stands here twice, or too many zones", name,
			      node);
	zones = realloc(files->zones, (files->nr_zones + 1) * sizeof(*zones));
	if (!zones)
		return refuse(text, "no host memory");
	files->zones = zones;
	memset(&zones[files->nr_zones], 0, sizeof(*zones));
	zones[files->nr_zones].record.node = node;
	zones[files->nr_zones].record.number = (unsigned int)files->nr_zones;
	zones[files->nr_zones].record.line = text->line;
	snprintf(zones[files->nr_zones].record.name, sizeof(zones->record.name), "%s", name);
	files->nr_zones++;
	return true;
}

/* "(0, 176, 176)": what is kept for requests that have only this zone. */
static void take_protection(struct rig_state_zone *zone, const char *list)
{
	while (*list && zone->nr_lowmem_reserve < MAX_NR_ZONES) {
		char *end;
		long value = strtol(list, &end, 10);

		if (end == list) {
			list++;
			continue;
		}
		zone->lowmem_reserve[zone->nr_lowmem_reserve++] = value;
		list = end;
	}
}

/* A line "NAME VALUE" of a zone. */
static void take_zone_value(struct rig_state_zone *zone, const char *line)
{
	const struct {
		const char *name;
		unsigned long *value;
	} fields[] = {
		{ "pages free", &zone->free },	    { "boost", &zone->watermark_boost },
		{ "min", &zone->watermark[0] },	    { "low", &zone->watermark[1] },
		{ "high", &zone->watermark[2] },    { "spanned", &zone->spanned },
		{ "present", &zone->present },	    { "managed", &zone->managed },
		{ "start_pfn:", &zone->start_pfn },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t length = strlen(fields[i].name);

		if (!strncmp(line, fields[i].name, length) && line[length] == ' ')
			*fields[i].value = strtoul(line + length, NULL, 10);
	}
	if (!strncmp(line, "protection:", 11))
		take_protection(zone, line + 11);
}

/* Lines below "pagesets"; false when @line is none of them. */
static bool take_pageset(struct proc_zone *zone, const char *line)
{
	struct proc_pcp *pcp = zone->nr_pcps ? &zone->pcps[zone->nr_pcps - 1] : NULL;
	int value;

	if (sscanf(line, "cpu: %d", &value) == 1) {
		if (value == zone->nr_pcps && value < RIG_NR_CPUS)
			zone->nr_pcps++;
		return true;
	}
	if (pcp && sscanf(line, "count: %d", &value) == 1)
		pcp->count = value;
	else if (pcp && sscanf(line, "high: %d", &value) == 1)
		pcp->high = value;
	else if (pcp && sscanf(line, "batch: %d", &value) == 1)
		pcp->batch = value;
	else
		return false;
	return true;
}

static bool drop_empty_zones(struct proc_files *files, const struct text *text)
{
	size_t nr = 0;

	for (size_t i = 0; i < files->nr_zones; i++) {
		const struct rig_state_zone *zone = &files->zones[i].record;

		if (!zone->present || !zone->spanned)
			continue;
		if (zone->start_pfn >= MAX_PFN || zone->spanned > MAX_PFN - zone->start_pfn ||
		    zone->present > zone->spanned || zone->managed > zone->present) {
			struct text place = *text;

			place.line = zone->line;
			return refuse(&place, "zone %s: impossible sizes, or beyond 4 TiB",
				      zone->name);
		}
		/* the file adds the boost to each mark */
		for (int mark = 0; mark < 3; mark++)
			files->zones[i].record.watermark[mark] -=
				min(zone->watermark_boost, zone->watermark[mark]);
		files->zones[nr] = files->zones[i];
		files->zones[nr].record.number = (unsigned int)nr;
		nr++;
	}
	files->nr_zones = nr;
	return nr || refuse(text, "no zone with pages");
}

static bool read_zoneinfo(struct proc_files *files, struct text *text)
{
	char *line, name[16];
	int node;

	while ((line = next_line(text))) {
		if (sscanf(line, "Node %d, zone %15s", &node, name) == 2) {
			if (!begin_zone(files, text, node, name))
				return false;
			continue;
		}
		if (!files->nr_zones)
			continue;
		line += strspn(line, " \t");
		if (!take_pageset(&files->zones[files->nr_zones - 1], line))
			take_zone_value(&files->zones[files->nr_zones - 1].record, line);
	}
	return drop_empty_zones(files, text);
}

/* --- buddyinfo, pagetypeinfo */

static int migratetype_named(const char *name)
{
	static const char *const names[] = {
		[MIGRATE_UNMOVABLE] = "Unmovable",
		[MIGRATE_MOVABLE] = "Movable",
		[MIGRATE_RECLAIMABLE] = "Reclaimable",
		[MIGRATE_HIGHATOMIC] = "HighAtomic",
		[MIGRATE_CMA] = "CMA",
		[MIGRATE_ISOLATE] = "Isolate",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return (int)i;
	return -1;
}

/* Numbers to the end of the line; how many there were, up to @max. */
static int take_numbers(const char *line, unsigned long *numbers, int max)
{
	int nr = 0;

	while (nr < max) {
		char *end;

		/* ">100000": the kernel stops counting there */
		line += strspn(line, " \t>");
		numbers[nr] = strtoul(line, &end, 10);
		if (end == line)
			break;
		line = end;
		nr++;
	}
	return nr;
}

static bool read_buddyinfo(struct proc_files *files, struct text *text)
{
	char *line, name[16];
	int node, at;

	while ((line = next_line(text))) {
		struct proc_zone *zone;

		if (sscanf(line, "Node %d, zone %15s%n", &node, name, &at) != 2)
			return refuse(text, "not a line of buddyinfo");
		zone = zone_named(files, node, name);
		if (zone)
			take_numbers(line + at, zone->free_blocks[MIGRATE_MOVABLE], MAX_ORDER);
	}
	return true;
}

static bool read_pagetypeinfo(struct proc_files *files, struct text *text)
{
	char *line, name[16], type[24];
	int columns[MIGRATE_TYPES], nr_columns = 0, node, at = 0;

	while ((line = next_line(text))) {
		unsigned long numbers[MIGRATE_TYPES];
		struct proc_zone *zone;

		if (sscanf(line, "Page block order: %u", &files->pageblock_order) == 1) {
			if (files->pageblock_order >= MAX_ORDER || !files->pageblock_order)
				return refuse(text, "pageblocks of order %u: 1 to %d are possible",
					      files->pageblock_order, MAX_ORDER - 1);
		} else if (sscanf(line, "Node %d, zone %15[^,], type %23s%n", &node, name, type,
				  &at) == 3) {
			int migratetype = migratetype_named(type);

			zone = zone_named(files, node, name);
			if (migratetype < 0)
				return refuse(text, "unknown migrate type '%s'", type);
			if (zone)
				take_numbers(line + at, zone->free_blocks[migratetype], MAX_ORDER);
		} else if (!strncmp(line, "Number of blocks type", 21)) {
			for (char *word = strtok(line + 21, " \t"); word;
			     word = strtok(NULL, " \t"))
				if (nr_columns < MIGRATE_TYPES &&
				    (columns[nr_columns] = migratetype_named(word)) >= 0)
					nr_columns++;
		} else if (nr_columns &&
			   sscanf(line, "Node %d, zone %15s%n", &node, name, &at) == 2) {
			zone = zone_named(files, node, name);
			if (zone && take_numbers(line + at, numbers, nr_columns) == nr_columns)
				for (int i = 0; i < nr_columns; i++)
					zone->pageblocks[columns[i]] = numbers[i];
		}
	}
	files->have_types = nr_columns > 0;
	return true;
}

/* --- all of them */

static bool read_flags(struct proc_files *files, struct text *text)
{
	if (text->input.size % sizeof(u64))
		return refuse(text, "byte %zu: the file ends inside a page's flags",
			      text->input.size);
	files->flags_owner = text->input.data;
	files->flags = (u64 *)text->input.data;
	files->nr_flags = text->input.size / sizeof(u64);
	text->input.data = NULL;
	return true;
}

struct reader {
	const char *name;
	bool (*read)(struct proc_files *files, struct text *text);
	bool needed;
};

static bool read_one(struct proc_files *files, const char *folder, const struct reader *reader,
		     char *error)
{
	struct text *text = malloc(sizeof(*text));
	bool good = false;

	if (!text) {
		snprintf(error, RIG_STATE_ERROR, "%s: no host memory", folder);
		return false;
	}
	switch (find_file(text, folder, reader->name, error)) {
	case FOUND:
		good = reader->read(files, text);
		rig_input_free(&text->input);
		break;
	case NOT_THERE:
		good = !reader->needed;
		if (!good)
			snprintf(error, RIG_STATE_ERROR,
				 "%s: no file %s in it: a folder with copies of /proc files "
				 "has that one at least",
				 folder, reader->name);
		break;
	default:
		break;
	}
	free(text);
	return good;
}

bool proc_files_read(struct proc_files *files, const char *folder, char *error)
{
	static const struct reader readers[] = {
		{ "zoneinfo", read_zoneinfo, true },
		{ "pagetypeinfo", read_pagetypeinfo, false },
		{ "kpageflags", read_flags, false },
	};
	static const struct reader buddyinfo = { "buddyinfo", read_buddyinfo, false };

	memset(files, 0, sizeof(*files));
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (!read_one(files, folder, &readers[i], error))
			return false;
	return files->have_types || read_one(files, folder, &buddyinfo, error);
}

void proc_files_free(struct proc_files *files)
{
	free(files->zones);
	free(files->flags_owner);
	memset(files, 0, sizeof(*files));
}
