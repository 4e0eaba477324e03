// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debugging of a cache, by its flags (or of all, with "slab_debug" on the command line: what
 * CONFIG_DEBUG_SLAB does). Each object's slot is then
 *
 *	| red zone | object . . . | padding | red zone | last user |
 *	           ^ obj_offset                                     ^ size
 *
 *	SLAB_RED_ZONE	a word before and one behind, active while the object is in use
 *	SLAB_POISON	free objects are filled, and looked at when handed out and at the end
 *	SLAB_STORE_USER	the call site of the last allocation or free
 *
 * Checks: slab.red_zone, slab.poison, slab.double_free. Reports have the kernel's wording.
 */
#include <linux/poison.h>

#include "slab.h"

#define REPORT_BYTES 16

static u64 *front_zone(const struct slab_cache *data, void *slot)
{
	return (u64 *)((u8 *)slot + data->obj_offset) - 1;
}

static u64 *back_zone(const struct slab_cache *data, void *slot)
{
	u64 *end = (u64 *)((u8 *)slot + data->cache->size);

	return data->cache->flags & SLAB_STORE_USER ? end - 2 : end - 1;
}

static RIG_NO_ASAN void set_zones(const struct slab_cache *data, void *slot, u64 value)
{
	*front_zone(data, slot) = value;
	*back_zone(data, slot) = value;
}

static RIG_NO_ASAN u64 read_word(const u64 *word)
{
	return *word;
}

static bool zones_are(const struct slab_cache *data, void *slot, u64 value)
{
	return read_word(front_zone(data, slot)) == value &&
	       read_word(back_zone(data, slot)) == value;
}

static RIG_NO_ASAN void set_user(const struct slab_cache *data, void *slot, u64 caller)
{
	*(u64 *)((u8 *)slot + data->cache->size - sizeof(u64)) = caller;
}

static unsigned long long last_user(const struct slab_cache *data, void *slot)
{
	if (!(data->cache->flags & SLAB_STORE_USER))
		return 0;
	return read_word((u64 *)((u8 *)slot + data->cache->size) - 1);
}

static RIG_NO_ASAN void poison(const struct slab_cache *data, void *slot, u8 value)
{
	volatile u8 *bytes = (u8 *)slot + data->obj_offset;
	unsigned int last = data->cache->object_size - 1;

	for (unsigned int i = 0; i < last; i++)
		bytes[i] = value;
	bytes[last] = POISON_END;
}

/* The first byte of a free object that was written to; object_size: none. */
static RIG_NO_ASAN unsigned int first_difference(const struct slab_cache *data, const void *slot)
{
	const volatile u8 *bytes = (const u8 *)slot + data->obj_offset;
	unsigned int last = data->cache->object_size - 1;

	for (unsigned int i = 0; i < last; i++)
		if (bytes[i] != POISON_FREE)
			return i;
	return bytes[last] == POISON_END ? last + 1 : last;
}

static RIG_NO_ASAN void copy_bytes(u8 *to, const void *from, unsigned int nr)
{
	const volatile u8 *bytes = from;

	for (unsigned int i = 0; i < nr; i++)
		to[i] = bytes[i];
}

/* The line of the object in which the difference lies, as the kernel dumps it. */
static void log_line(struct slab_cache *data, const void *slot, unsigned int at)
{
	unsigned int start = at / REPORT_BYTES * REPORT_BYTES;
	unsigned int nr = min(data->cache->object_size - start, (unsigned int)REPORT_BYTES);
	u8 bytes[REPORT_BYTES];
	char text[REPORT_BYTES * 3 + 1];

	copy_bytes(bytes, (const u8 *)slot + data->obj_offset + start, nr);
	for (unsigned int i = 0; i < nr; i++) {
		text[i * 3] = ' ';
		text[i * 3 + 1] = "0123456789abcdef"[bytes[i] >> 4];
		text[i * 3 + 2] = "0123456789abcdef"[bytes[i] & 15];
	}
	text[nr * 3] = '\0';
	rig_log(data->machine, "%03x:%s", start, text);
}

static unsigned long long object_address(const struct slab_cache *data, const void *slot)
{
	return rig_kernel_address(data->machine, (const u8 *)slot + data->obj_offset);
}

static void check_poison(struct slab_cache *data, void *slot, struct rig_cpu *cpu)
{
	unsigned int at = first_difference(data, slot);

	if (likely(at >= data->cache->object_size))
		return;
	rig_misuse(cpu, "slab.poison",
		   "Slab corruption: %s start=%llx, len=%u: byte %u was overwritten after free",
		   data->cache->name, object_address(data, slot), data->cache->object_size, at);
	if (data->cache->flags & SLAB_RED_ZONE)
		rig_log(data->machine, "Redzone: 0x%llx/0x%llx",
			(unsigned long long)read_word(front_zone(data, slot)),
			(unsigned long long)read_word(back_zone(data, slot)));
	if (data->cache->flags & SLAB_STORE_USER)
		rig_log(data->machine, "Last user: (0x%llx)", last_user(data, slot));
	log_line(data, slot, at);
}

/* "slab error in ...", with both words and whoever had the object last. */
static void zone_error(struct slab_cache *data, void *slot, const char *check, const char *what,
		       struct rig_cpu *cpu)
{
	rig_misuse(cpu, check,
		   "slab error: cache `%s': %s: %llx: redzone 1:0x%llx, redzone 2:0x%llx, last "
		   "user 0x%llx",
		   data->cache->name, what, object_address(data, slot),
		   (unsigned long long)read_word(front_zone(data, slot)),
		   (unsigned long long)read_word(back_zone(data, slot)), last_user(data, slot));
}

void slab_debug_refill_poison(struct slab_cache *data, void *slot)
{
	if (data->cache->flags & SLAB_POISON)
		poison(data, slot, POISON_FREE);
}

void slab_debug_init(struct slab_cache *data, struct page *page)
{
	slab_flags_t flags = data->cache->flags;

	if (!(flags & SLAB_DEBUG))
		return;
	for (unsigned int i = 0; i < data->num; i++) {
		void *slot = slab_slot(data, page, i);

		if (flags & SLAB_STORE_USER)
			set_user(data, slot, 0);
		if (flags & SLAB_RED_ZONE)
			set_zones(data, slot, RED_INACTIVE);
		if (flags & SLAB_POISON)
			poison(data, slot, POISON_FREE);
	}
}

void slab_debug_destroy(struct slab_cache *data, struct page *page, struct rig_cpu *cpu)
{
	slab_flags_t flags = data->cache->flags;

	if (!(flags & SLAB_DEBUG))
		return;
	if (slab_in_object(data) && page->slab_freelist)
		slab_debug_refill_poison(data, (u8 *)page->slab_freelist - data->obj_offset);
	for (unsigned int i = 0; i < data->num; i++) {
		void *slot = slab_slot(data, page, i);

		if (flags & SLAB_POISON)
			check_poison(data, slot, cpu);
		if (flags & SLAB_RED_ZONE && !zones_are(data, slot, RED_INACTIVE))
			zone_error(data, slot, "slab.red_zone",
				   "start or end of a freed object was overwritten", cpu);
	}
}

void *slab_debug_alloc(struct slab_cache *data, void *slot, struct rig_cpu *cpu)
{
	slab_flags_t flags = data->cache->flags;
	void *object = (u8 *)slot + data->obj_offset;

	if (flags & SLAB_POISON) {
		check_poison(data, slot, cpu);
		poison(data, slot, POISON_INUSE);
	}
	if (flags & SLAB_RED_ZONE) {
		if (!zones_are(data, slot, RED_INACTIVE))
			zone_error(data, slot, "slab.red_zone",
				   "double free, or memory outside object was overwritten", cpu);
		set_zones(data, slot, RED_ACTIVE);
	}
	if (flags & SLAB_STORE_USER)
		set_user(data, slot, cpu->slab_caller);
	if (data->cache->ctor && flags & SLAB_POISON)
		slab_construct(data, object);
	return object;
}

void *slab_debug_free(struct slab_cache *data, void *object, struct rig_cpu *cpu)
{
	slab_flags_t flags = data->cache->flags;
	void *slot = (u8 *)object - data->obj_offset;

	if (flags & SLAB_RED_ZONE) {
		if (zones_are(data, slot, RED_INACTIVE))
			zone_error(data, slot, "slab.double_free", "double free detected", cpu);
		else if (!zones_are(data, slot, RED_ACTIVE))
			zone_error(data, slot, "slab.red_zone",
				   "memory outside object was overwritten", cpu);
		set_zones(data, slot, RED_INACTIVE);
	}
	if (flags & SLAB_STORE_USER)
		set_user(data, slot, cpu->slab_caller);
	if (flags & SLAB_POISON)
		poison(data, slot, POISON_FREE);
	return slot;
}
