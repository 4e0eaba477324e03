// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of fault attributes: one table says their names, types and places, and everything
 * here goes by it. Values are read as the kernel's debugfs reads them: unsigned numbers in any C
 * notation, signed ones for times and space, switches by their first letter.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/gfp_table.h>
#include <linux/kernel.h>

#include "private.h"

enum file_type { FILE_ULONG, FILE_DEPTH, FILE_U32, FILE_ATOMIC, FILE_BOOL, FILE_GFP };

#define IN_FAILSLAB BIT(RIG_FAILSLAB)
#define IN_FAIL_PAGE_ALLOC BIT(RIG_FAIL_PAGE_ALLOC)
#define IN_BOTH (IN_FAILSLAB | IN_FAIL_PAGE_ALLOC)

struct file {
	const char *name;
	enum file_type type;
	size_t offset; /* in struct rig_fault_point */
	unsigned long attributes;
};

#define POINT_FILE(name, type, member, attributes)                                                 \
	{                                                                                          \
		name, type, offsetof(struct rig_fault_point, member), attributes                   \
	}

static const struct file files[] = {
	POINT_FILE("probability", FILE_ULONG, attr.probability, IN_BOTH),
	POINT_FILE("interval", FILE_ULONG, attr.interval, IN_BOTH),
	POINT_FILE("times", FILE_ATOMIC, attr.times, IN_BOTH),
	POINT_FILE("space", FILE_ATOMIC, attr.space, IN_BOTH),
	POINT_FILE("verbose", FILE_ULONG, attr.verbose, IN_BOTH),
	POINT_FILE("verbose_ratelimit_interval_ms", FILE_U32, attr.verbose_ratelimit_interval_ms,
		   IN_BOTH),
	POINT_FILE("verbose_ratelimit_burst", FILE_U32, attr.verbose_ratelimit_burst, IN_BOTH),
	POINT_FILE("task-filter", FILE_BOOL, attr.task_filter, IN_BOTH),
	POINT_FILE("stacktrace-depth", FILE_DEPTH, attr.stacktrace_depth, IN_BOTH),
	POINT_FILE("require-start", FILE_ULONG, attr.require_start, IN_BOTH),
	POINT_FILE("require-end", FILE_ULONG, attr.require_end, IN_BOTH),
	POINT_FILE("reject-start", FILE_ULONG, attr.reject_start, IN_BOTH),
	POINT_FILE("reject-end", FILE_ULONG, attr.reject_end, IN_BOTH),
	POINT_FILE("ignore-gfp-wait", FILE_BOOL, ignore_gfp_reclaim, IN_BOTH),
	POINT_FILE("ignore-gfp-highmem", FILE_BOOL, ignore_gfp_highmem, IN_FAIL_PAGE_ALLOC),
	POINT_FILE("min-order", FILE_U32, min_order, IN_FAIL_PAGE_ALLOC),
	POINT_FILE("cache-filter", FILE_BOOL, cache_filter, IN_FAILSLAB),
	POINT_FILE("gfp", FILE_GFP, gfp, IN_BOTH),
};

static int fail(char *error, size_t size, int code, const char *format, ...) __printf(4, 5);

static int fail(char *error, size_t size, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (size)
		vsnprintf(error, size, format, args);
	va_end(args);
	return code;
}

static int find_attribute(const char *name, size_t length)
{
	for (int kind = 0; kind < RIG_NR_FAULTS; kind++)
		if (strlen(rig_fault_names[kind]) == length &&
		    strncmp(rig_fault_names[kind], name, length) == 0)
			return kind;
	return -1;
}

static const struct file *find_file(int kind, const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if ((files[i].attributes & BIT(kind)) && strlen(files[i].name) == length &&
		    strncmp(files[i].name, name, length) == 0)
			return &files[i];
	return NULL;
}

static bool read_unsigned(const char *text, u64 limit, u64 *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *value <= limit;
}

static bool read_signed(const char *text, int *value)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 0);
	if (!isdigit((unsigned char)text[text[0] == '-']) || *end != '\0' || errno != 0 ||
	    number < INT_MIN || number > INT_MAX)
		return false;
	*value = (int)number;
	return true;
}

static bool read_bool(const char *text, bool *value)
{
	char first = (char)tolower((unsigned char)text[0]);
	char second = first ? (char)tolower((unsigned char)text[1]) : '\0';

	if (first == 'o' && (second == 'n' || second == 'f')) {
		*value = second == 'n';
		return true;
	}
	if (!first || !strchr("yt1nf0", first))
		return false;
	*value = strchr("yt1", first) != NULL;
	return true;
}

bool rig_fault_parse_gfp(const char *text, gfp_t *gfp)
{
	u64 flags;

	if (text[0] == '\0' || rig_gfp_parse(rig_gfp_table(NULL), text, strlen(text), &flags) ||
	    flags >> __GFP_BITS_SHIFT)
		return false;
	*gfp = (__force gfp_t)flags;
	return true;
}

static const char *expected(enum file_type type)
{
	switch (type) {
	case FILE_ATOMIC:
		return "a number, -1 for no limit";
	case FILE_BOOL:
		return "Y or N";
	case FILE_GFP:
		return "gfp flags such as GFP_ATOMIC or __GFP_HIGH|__GFP_ZERO";
	default:
		return "a number";
	}
}

static bool write_file(struct rig_fault_point *point, const struct file *file, const char *text)
{
	void *place = (char *)point + file->offset;
	u64 number = 0;
	int signed_number;

	switch (file->type) {
	case FILE_ULONG:
	case FILE_DEPTH:
		if (!read_unsigned(text, ULONG_MAX, &number))
			return false;
		if (file->type == FILE_DEPTH)
			number = min_t(u64, number, MAX_STACK_TRACE_DEPTH);
		*(unsigned long *)place = number;
		return true;
	case FILE_U32:
		if (!read_unsigned(text, UINT_MAX, &number))
			return false;
		*(u32 *)place = (u32)number;
		return true;
	case FILE_ATOMIC:
		if (!read_signed(text, &signed_number))
			return false;
		atomic_set(place, signed_number);
		return true;
	case FILE_BOOL:
		return read_bool(text, place);
	case FILE_GFP:
		return rig_fault_parse_gfp(text, place);
	}
	return false;
}

int rig_fault_set(struct rig_machine *machine, const char *path, const char *value, char *error,
		  size_t error_size)
{
	size_t length = strcspn(path, "/");
	int kind = find_attribute(path, length);
	const struct file *file;
	char text[128];

	if (kind < 0)
		return fail(error, error_size, -ENOENT,
			    "no fault attribute '%.*s'; there are: failslab, fail_page_alloc",
			    (int)length, path);
	file = path[length] ? find_file(kind, path + length + 1, strlen(path + length + 1)) : NULL;
	if (!file)
		return fail(error, error_size, -ENOENT, "%s has no file '%s'",
			    rig_fault_names[kind], path[length] ? path + length + 1 : "");
	/* What `echo` writes ends with a newline. */
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(value, "\n"), value);
	if (!write_file(&machine->fault->point[kind], file, text))
		return fail(error, error_size, -EINVAL, "%s/%s: '%s' is not %s",
			    rig_fault_names[kind], file->name, text, expected(file->type));
	rig_fault_rearm(machine);
	return 0;
}

int rig_fault_get(struct rig_machine *machine, const char *path, char *value, size_t value_size)
{
	size_t length = strcspn(path, "/");
	int kind = find_attribute(path, length);
	const struct file *file = NULL;
	const void *place;

	if (kind >= 0 && path[length])
		file = find_file(kind, path + length + 1, strlen(path + length + 1));
	if (!file)
		return -ENOENT;
	place = (const char *)&machine->fault->point[kind] + file->offset;
	switch (file->type) {
	case FILE_ULONG:
	case FILE_DEPTH:
		snprintf(value, value_size, "%lu\n", *(const unsigned long *)place);
		break;
	case FILE_U32:
		snprintf(value, value_size, "%u\n", *(const u32 *)place);
		break;
	case FILE_ATOMIC:
		snprintf(value, value_size, "%d\n", atomic_read(place));
		break;
	case FILE_BOOL:
		snprintf(value, value_size, "%c\n", *(const bool *)place ? 'Y' : 'N');
		break;
	case FILE_GFP:
		rig_gfp_format(rig_gfp_table(NULL), (__force u64) * (const gfp_t *)place, value,
			       value_size);
		break;
	}
	return 0;
}

/* What a --fault argument implies and does not say. */
static void complete_spec(struct rig_fault_point *point, unsigned long named)
{
	const struct file *file;

#define NAMED(text) ((file = find_file(kind, text, strlen(text))) && (named & BIT(file - files)))
	int kind = point->attr.dname == rig_fault_names[RIG_FAILSLAB] ? RIG_FAILSLAB
								      : RIG_FAIL_PAGE_ALLOC;

	if (!NAMED("probability"))
		point->attr.probability = 100;
	if (!NAMED("verbose"))
		point->attr.verbose = 0;
	if ((point->gfp & __GFP_DIRECT_RECLAIM) && !NAMED("ignore-gfp-wait"))
		point->ignore_gfp_reclaim = false;
	if ((point->gfp & __GFP_HIGHMEM) && !NAMED("ignore-gfp-highmem"))
		point->ignore_gfp_highmem = false;
#undef NAMED
}

/* "FILE=VALUE" of one attribute; notes in @named which file it was. */
static int parse_setting(struct rig_fault_point *point, int kind, const char *setting,
			 unsigned long *named, char *error, size_t error_size)
{
	size_t length = strcspn(setting, "=");
	const struct file *file = find_file(kind, setting, length);

	if (!file)
		return fail(error, error_size, -EINVAL, "fault '%s' has no setting '%.*s'",
			    rig_fault_names[kind], (int)length, setting);
	if (setting[length] != '=' || !write_file(point, file, setting + length + 1))
		return fail(error, error_size, -EINVAL, "fault %s: %s: '%s' is not %s",
			    rig_fault_names[kind], file->name,
			    setting[length] ? setting + length + 1 : "", expected(file->type));
	*named |= BIT(file - files);
	return 0;
}

static int parse_attribute(struct rig_fault_point *points, char *text, char *error,
			   size_t error_size)
{
	size_t length = strcspn(text, ":");
	int kind = find_attribute(text, length);
	unsigned long named = 0;
	char *rest, *setting, *save = NULL;

	if (kind < 0)
		return fail(error, error_size, -EINVAL,
			    "no fault attribute '%.*s'; there are: failslab, fail_page_alloc",
			    (int)length, text);
	rest = text[length] ? text + length + 1 : text + length;
	for (setting = strtok_r(rest, ",", &save); setting; setting = strtok_r(NULL, ",", &save)) {
		int code = parse_setting(&points[kind], kind, setting, &named, error, error_size);

		if (code)
			return code;
	}
	complete_spec(&points[kind], named);
	return 0;
}

int rig_fault_parse(struct rig_machine *machine, const char *spec, char *error, size_t error_size)
{
	struct rig_fault_point points[RIG_NR_FAULTS];
	char *copy = strdup(spec), *attribute, *save = NULL;
	int code = 0, attributes = 0;

	if (!copy)
		return fail(error, error_size, -ENOMEM, "no host memory");
	/* All or nothing: a wrong argument changes nothing. */
	memcpy(points, machine->fault->point, sizeof(points));
	for (attribute = strtok_r(copy, ";", &save); attribute && !code;
	     attribute = strtok_r(NULL, ";", &save), attributes++)
		code = parse_attribute(points, attribute, error, error_size);
	if (!code && !attributes)
		code = fail(error, error_size, -EINVAL, "fault: nothing named");
	if (!code) {
		memcpy(machine->fault->point, points, sizeof(points));
		rig_fault_rearm(machine);
	}
	free(copy);
	return code;
}
