// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of /proc/sys/vm that the page allocator has, from the kernel's command line:
 * "sysctl.vm.min_free_kbytes=16384". As in the kernel they are written when boot is done, in the
 * order of the command line, and what depends on them follows at once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/page.h>

#include "internal.h"

#define PREFIX "sysctl.vm."
/* A single CPU's lists may not hold more than this part of a zone. */
#define MIN_PERCPU_PAGELIST_HIGH_FRACTION 8
#define MAX_WATERMARK_SCALE_FACTOR 3000

static int refuse(char *error, size_t size, const char *format, ...) __printf(3, 4);

static int refuse(char *error, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return -EINVAL;
}

struct setting {
	const char *name;
	unsigned long least, most;
	void (*write)(struct rig_machine *machine, unsigned long value);
};

static void write_min_free_kbytes(struct rig_machine *machine, unsigned long value)
{
	machine->min_free_kbytes = value;
	update_watermarks(machine);
}

static void write_watermark_scale_factor(struct rig_machine *machine, unsigned long value)
{
	machine->watermark_scale_factor = (unsigned int)value;
	update_watermarks(machine);
}

static void write_watermark_boost_factor(struct rig_machine *machine, unsigned long value)
{
	machine->watermark_boost_factor = value;
}

static void write_percpu_pagelist_high_fraction(struct rig_machine *machine, unsigned long value)
{
	struct zone *zone;

	machine->percpu_pagelist_high_fraction = (unsigned int)value;
	for_each_populated_zone(machine, zone) zone_pcp_update(zone);
}

static void write_zone_reclaim_mode(struct rig_machine *machine, unsigned long value)
{
	machine->page_front->zone_reclaim_mode = (unsigned int)value;
}

static void write_compaction_proactiveness(struct rig_machine *machine, unsigned long value)
{
	rig_compaction_proactiveness_set(machine, (unsigned int)value);
}

static const struct setting settings[] = {
	{ "min_free_kbytes", 1, INT_MAX, write_min_free_kbytes },
	{ "watermark_scale_factor", 1, MAX_WATERMARK_SCALE_FACTOR, write_watermark_scale_factor },
	{ "watermark_boost_factor", 0, INT_MAX, write_watermark_boost_factor },
	{ "percpu_pagelist_high_fraction", 0, INT_MAX, write_percpu_pagelist_high_fraction },
	{ "zone_reclaim_mode", 0, INT_MAX, write_zone_reclaim_mode },
	{ "compaction_proactiveness", 0, 100, write_compaction_proactiveness },
};

/* "256,256,32": from ZONE_DMA on; zones that are not named keep theirs. */
static int write_lowmem_reserve_ratio(struct rig_machine *machine, const char *text, char *error,
				      size_t size)
{
	for (int type = 0; *text; type++) {
		char *end;
		unsigned long ratio = strtoul(text, &end, 10);

		if (end == text || *text == '-' || (*end && *end != ',') || ratio > INT_MAX ||
		    type == MAX_NR_ZONES)
			return refuse(error, size,
				      PREFIX "lowmem_reserve_ratio: '%s' is no list of numbers",
				      text);
		machine->lowmem_reserve_ratio[type] = (int)ratio;
		text = *end ? end + 1 : end;
	}
	update_lowmem_reserve(machine);
	return 0;
}

static int write_setting(struct rig_machine *machine, const char *name, const char *text,
			 char *error, size_t size)
{
	const struct setting *setting = settings;
	unsigned long value;
	char *end;

	if (strcmp(name, "lowmem_reserve_ratio") == 0)
		return write_lowmem_reserve_ratio(machine, text, error, size);
	while (setting < settings + ARRAY_SIZE(settings) && strcmp(setting->name, name))
		setting++;
	if (setting == settings + ARRAY_SIZE(settings)) {
		int used = snprintf(error, size, PREFIX "%s is not known; there are", name);

		for (size_t i = 0; i < ARRAY_SIZE(settings) && used < (int)size; i++)
			used += snprintf(error + used, size - (size_t)used, " %s,",
					 settings[i].name);
		if (used < (int)size)
			snprintf(error + used, size - (size_t)used, " lowmem_reserve_ratio");
		return -EINVAL;
	}
	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < setting->least ||
	    value > setting->most)
		return refuse(error, size, PREFIX "%s: '%s' is no number from %lu to %lu", name,
			      text, setting->least, setting->most);
	if (setting->write == write_percpu_pagelist_high_fraction && value &&
	    value < MIN_PERCPU_PAGELIST_HIGH_FRACTION)
		return refuse(error, size, PREFIX "%s: neither 0 nor %d or more", name,
			      MIN_PERCPU_PAGELIST_HIGH_FRACTION);
	setting->write(machine, value);
	return 0;
}

int rig_page_boot_sysctls(struct rig_machine *machine, char *error, size_t size)
{
	const char *word = machine->command_line;

	while (*word) {
		size_t length = strcspn(word, " "), name_length = strcspn(word, "= ");
		char name[64], value[64];
		int code;

		if (strncmp(word, PREFIX, strlen(PREFIX)) == 0 && length > name_length) {
			snprintf(name, sizeof(name), "%.*s", (int)(name_length - strlen(PREFIX)),
				 word + strlen(PREFIX));
			snprintf(value, sizeof(value), "%.*s", (int)(length - name_length - 1),
				 word + name_length + 1);
			code = write_setting(machine, name, value, error, size);
			if (code)
				return code;
		}
		word += length;
		word += strspn(word, " ");
	}
	return 0;
}
