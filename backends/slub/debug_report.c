// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports of SLUB debugging, in the kernel's wording and layout (slab_bug, print_trailer,
 * object_err in mm/slub.c), written to the machine's log. A test that provokes them has them
 * counted instead (rig_slub_count_errors).
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <kmemrig/slub.h>

#include <kmemrig/fault_control.h>

#include "debug.h"

#define NS_PER_JIFFY 4000000UL

static unsigned long long shown(const struct slub_cache *s, const void *address)
{
	return (unsigned long long)rig_kernel_address(s->cache->machine, address);
}

/* Someone counts the errors: no report. */
static bool counted(struct slub_cache *s)
{
	int *errors = slub_machine(s->cache->machine)->count_errors;

	if (!errors)
		return false;
	(*errors)++;
	return true;
}

void rig_slub_count_errors(struct rig_machine *machine, int *errors)
{
	slub_machine(machine)->count_errors = errors;
}

static void print_bug(struct slub_cache *s, const char *text)
{
	struct rig_machine *machine = s->cache->machine;

	rig_log(machine, "============================================================"
			 "=================");
	rig_log(machine, "BUG %s (Not tainted): %s", s->cache->name, text);
	rig_log(machine, "------------------------------------------------------------"
			 "-----------------");
	rig_log(machine, "%s", "");
}

void slub_print_slab(struct slub_cache *s, const struct page *slab)
{
	rig_log(s->cache->machine, "Slab 0x%llx objects=%u used=%u fp=0x%llx flags=0x%lx(%s%s)",
		shown(s, slab), slab->objects, slab->inuse, shown(s, slab->freelist), slab->flags,
		PageSlab(slab) ? "slab" : "", PageHead(slab) ? "|head" : "");
}

static void print_track(struct slub_cache *s, const char *what, const struct slub_track *track)
{
	struct rig_machine *machine = s->cache->machine;

	char name[160];

	if (!track->addr)
		return;
	rig_log(machine, "%s in %s age=%lu cpu=%d pid=%d", what,
		rig_symbol(track->addr, name, sizeof(name)),
		machine->clock_ns / NS_PER_JIFFY - track->when, track->cpu, track->pid);
	slub_depot_print(machine, track->handle);
}

RIG_RAW struct slub_track read_track(const struct slub_track *where)
{
	struct slub_track track;

	track.addr = *(const volatile unsigned long *)&where->addr;
	track.handle = *(const volatile u32 *)&where->handle;
	track.cpu = *(const volatile int *)&where->cpu;
	track.pid = *(const volatile int *)&where->pid;
	track.when = *(const volatile unsigned long *)&where->when;
	return track;
}

void slub_print_tracking(struct slub_cache *s, void *object)
{
	struct slub_track track;

	if (!(s->cache->flags & SLAB_STORE_USER))
		return;
	track = read_track(slub_track_of(s, object, SLUB_TRACK_ALLOC));
	print_track(s, "Allocated", &track);
	track = read_track(slub_track_of(s, object, SLUB_TRACK_FREE));
	print_track(s, "Freed", &track);
}

RIG_RAW u8 read_byte(const u8 *address)
{
	return *(const volatile u8 *)address;
}

/* Sixteen bytes a line, in hexadecimal and as text (print_hex_dump). */
static void print_section(struct slub_cache *s, const char *text, const u8 *address, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 16) {
		char line[80], *end = line;
		size_t row = min(bytes - at, (size_t)16);

		for (size_t i = 0; i < row; i++)
			end += sprintf(end, "%02x ", read_byte(address + at + i));
		end += sprintf(end, "%*s", (int)(49 - (end - line)), "");
		for (size_t i = 0; i < row; i++) {
			u8 byte = read_byte(address + at + i);

			*end++ = byte < 0x80 && isprint(byte) ? (char)byte : '.';
		}
		*end = '\0';
		rig_log(s->cache->machine, "%s%016llx: %s", text, shown(s, address + at), line);
	}
}

static void print_trailer(struct slub_cache *s, struct page *slab, u8 *object)
{
	const struct kmem_cache *cache = s->cache;
	u8 *start = slub_slab_address(s, slab);
	unsigned int used = slub_info_end(s);

	slub_print_tracking(s, object);
	slub_print_slab(s, slab);
	rig_log(cache->machine, "Object 0x%llx @offset=%td fp=0x%llx", shown(s, object),
		object - start, shown(s, slub_next(s, object)));
	rig_log(cache->machine, "%s", "");
	if (cache->flags & SLAB_RED_ZONE)
		print_section(s, "Redzone  ", object - s->red_left_pad, s->red_left_pad);
	else if (object > start + 16)
		print_section(s, "Bytes b4 ", object - 16, 16);
	print_section(s, "Object   ", object, min((size_t)cache->object_size, PAGE_SIZE));
	if (cache->flags & SLAB_RED_ZONE)
		print_section(s, "Redzone  ", object + cache->object_size,
			      s->inuse - cache->object_size);
	if (cache->flags & SLAB_STORE_USER)
		used += 2 * (unsigned int)sizeof(struct slub_track);
	if (slub_keeps_orig_size(s))
		used += (unsigned int)sizeof(unsigned int);
	if (used != slub_size_from_object(s))
		print_section(s, "Padding  ", object + used, slub_size_from_object(s) - used);
}

static void finish(struct slub_cache *s, const char *check, const char *text)
{
	rig_misuse(rig_kmem_cpu(s->cache->machine), check, "BUG %s: %s", s->cache->name, text);
}

void slub_object_err(struct slub_cache *s, struct page *slab, void *object, const char *check,
		     const char *reason)
{
	if (counted(s))
		return;
	print_bug(s, reason);
	if (object && slub_valid_pointer(s, slab, object)) {
		print_trailer(s, slab, object);
	} else {
		slub_print_slab(s, slab);
		rig_log(s->cache->machine, "Invalid pointer 0x%llx", shown(s, object));
	}
	finish(s, check, reason);
}

void slub_slab_err(struct slub_cache *s, struct page *slab, const char *check, const char *format,
		   ...)
{
	char text[160];
	va_list args;

	if (counted(s))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_bug(s, text);
	if (slab)
		slub_print_slab(s, slab);
	finish(s, check, text);
}

static const char *check_name(const char *what)
{
	if (strstr(what, "Redzone"))
		return "slub.redzone";
	return strstr(what, "Poison") ? "slub.poison" : "slub.padding";
}

/* Bytes [@from, @to) do not hold @value; the caller restores them. */
void slub_overwritten(struct slub_cache *s, struct page *slab, void *object, const char *what,
		      u8 *from, u8 *to, unsigned int value)
{
	struct rig_machine *machine = s->cache->machine;
	char text[160];
	u8 first = read_byte(from);

	if (counted(s)) {
		counted(s); /* the kernel counts the repair as well */
		return;
	}
	snprintf(text, sizeof(text), "%s overwritten", what);
	print_bug(s, text);
	rig_log(machine, "0x%llx-0x%llx @offset=%td. First byte 0x%x instead of 0x%x",
		shown(s, from), shown(s, to - 1), from - (u8 *)slub_slab_address(s, slab), first,
		value);
	print_trailer(s, slab, object);
	slub_fix(s, "Restoring %s 0x%llx-0x%llx=0x%x", what, shown(s, from), shown(s, to - 1),
		 value);
	finish(s, check_name(what), text);
}

void slub_fix(struct slub_cache *s, const char *format, ...)
{
	char text[160];
	va_list args;

	if (counted(s))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rig_log(s->cache->machine, "FIX %s: %s", s->cache->name, text);
}

/* The objects in use of a slab that should have none. @text: who found it. */
void slub_list_objects(struct slub_cache *s, struct page *slab, const char *text)
{
	u8 *start = slub_slab_address(s, slab);
	char message[160];

	if (counted(s))
		return;
	snprintf(message, sizeof(message), "Objects remaining in %s on %s", s->cache->name, text);
	print_bug(s, message);
	slub_print_slab(s, slab);
	for (unsigned int i = 0; i < slab->objects; i++) {
		u8 *object = slub_object(s, slab, i);

		if (!rig_kmem_is_live(s->cache->machine, object))
			continue;
		rig_log(s->cache->machine, "Object 0x%llx @offset=%td", shown(s, object),
			object - start);
		slub_print_tracking(s, object);
	}
}
