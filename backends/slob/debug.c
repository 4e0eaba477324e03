// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debugging of SLOB caches, by the flags that SLAB and SLUB know. The kernel's SLOB drops them;
 * here a cache that asks for them gets
 *
 *	SLAB_RED_ZONE	a word in front of each object and one behind it, looked at when it is
 *freed:
 *
 *			[ . . . | red zone ][ object, to 8 bytes ][ red zone ]
 *
 *	SLAB_POISON	objects filled when they are freed, and kept back: the last SLOB_QUARANTINE
 *			of a cache wait, and are looked at when they leave
 *
 * Caches without the flags are laid out, and served, exactly as the kernel does.
 *
 * Checks: slob.red_zone, slob.poison. A cache's quarantine is guarded by slob->lock.
 */
#include <string.h>

#include <kmemrig/asan.h>
#include <linux/poison.h>
#include <linux/slab.h>

#include "slob.h"

static u64 *front_zone(void *object)
{
	return (u64 *)object - 1;
}

static u64 *back_zone(const struct slob_cache *data, void *object)
{
	return (u64 *)((u8 *)object + ALIGN(data->cache->object_size, sizeof(u64)));
}

static RIG_NO_ASAN void write_zones(const struct slob_cache *data, void *object, u64 value)
{
	*front_zone(object) = value;
	*back_zone(data, object) = value;
}

static RIG_NO_ASAN bool zones_are(const struct slob_cache *data, void *object, u64 value)
{
	return *front_zone(object) == value && *back_zone(data, object) == value;
}

static RIG_NO_ASAN void fill(const struct slob_cache *data, void *object)
{
	volatile u8 *bytes = object;
	unsigned int last = data->cache->object_size - 1;

	for (unsigned int i = 0; i < last; i++)
		bytes[i] = POISON_FREE;
	bytes[last] = POISON_END;
}

/* The first byte that is not as fill() left it; object_size: none. */
static RIG_NO_ASAN unsigned int first_difference(const struct slob_cache *data, const void *object)
{
	const volatile u8 *bytes = object;
	unsigned int last = data->cache->object_size - 1;

	for (unsigned int i = 0; i < last; i++)
		if (bytes[i] != POISON_FREE)
			return i;
	return bytes[last] == POISON_END ? last + 1 : last;
}

void slob_debug_alloc(struct slob_cache *data, void *object)
{
	if (data->cache->flags & SLAB_RED_ZONE)
		write_zones(data, object, RED_ACTIVE);
}

static bool poison_holds(const struct slob_cache *data, const void *object,
			 struct rig_verdict *verdict)
{
	unsigned int at = first_difference(data, object);

	if (at >= data->cache->object_size)
		return true;
	return rig_fails(
		verdict, "slob.poison",
		"Slab corruption: %s start=%llx, len=%u: byte %u was overwritten after free",
		data->cache->name,
		(unsigned long long)rig_kernel_address(data->cache->machine, object),
		data->cache->object_size, at);
}

/* Puts @object into the quarantine; returns the one that has to leave for it, or NULL. */
static void *exchange(struct slob_cache *data, void *object)
{
	void *leaving = NULL;

	if (data->quarantined == SLOB_QUARANTINE) {
		leaving = data->quarantine[data->oldest];
		data->quarantine[data->oldest] = object;
		data->oldest = (data->oldest + 1) % SLOB_QUARANTINE;
	} else {
		data->quarantine[(data->oldest + data->quarantined++) % SLOB_QUARANTINE] = object;
	}
	return leaving;
}

static void look_at_leaving(struct slob_cache *data, void *object, struct rig_cpu *cpu)
{
	struct rig_verdict verdict;

	if (!poison_holds(data, object, &verdict))
		rig_misuse(cpu, verdict.name, "%s", verdict.detail);
}

void *slob_debug_free(struct slob_cache *data, void *object, struct rig_cpu *cpu)
{
	struct kmem_cache *cache = data->cache;
	struct slob *slob = slob_of(cache->machine);
	void *leaving;

	if (cache->flags & SLAB_RED_ZONE && !zones_are(data, object, RED_ACTIVE))
		rig_misuse(cpu, "slob.red_zone",
			   "slab error: cache `%s': memory outside object 0x%llx was overwritten",
			   cache->name,
			   (unsigned long long)rig_kernel_address(cache->machine, object));
	if (!(cache->flags & SLAB_POISON))
		return object;
	fill(data, object);
	rig_asan_poison(object, cache->object_size);
	*slob_owner(slob, object) = data->owner | SLOB_OWNER_QUARANTINE;
	rig_spin_lock(&slob->lock);
	leaving = exchange(data, object);
	rig_spin_unlock(&slob->lock);
	if (leaving)
		look_at_leaving(data, leaving, cpu);
	return leaving;
}

void slob_debug_drain(struct slob_cache *data, struct rig_cpu *cpu)
{
	struct slob *slob = slob_of(data->cache->machine);

	for (;;) {
		void *object = NULL;

		rig_spin_lock(&slob->lock);
		if (data->quarantined) {
			object = data->quarantine[data->oldest];
			data->oldest = (data->oldest + 1) % SLOB_QUARANTINE;
			data->quarantined--;
		}
		rig_spin_unlock(&slob->lock);
		if (!object)
			return;
		look_at_leaving(data, object, cpu);
		slob_cache_release(data, object, cpu);
	}
}

bool slob_debug_check(const struct slob_cache *data, struct rig_verdict *verdict)
{
	for (unsigned int i = 0; i < data->quarantined; i++) {
		unsigned int slot = (data->oldest + i) % SLOB_QUARANTINE;

		if (!poison_holds(data, data->quarantine[slot], verdict))
			return false;
	}
	return true;
}
