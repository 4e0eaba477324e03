// SPDX-License-Identifier: GPL-2.0-only
/*
 * Misuse of the slab API: what is wrong, in the kernel's wording, with the check's name.
 *
 *	slab.double_free      the object is free already
 *	slab.invalid_pointer  the pointer lies inside an object or between two
 *	slab.wrong_cache      the object belongs to another cache
 *	slab.foreign_pointer  the pointer is not of a slab, nor a large kmalloc
 *	slab.sleeping         an allocation that may sleep where sleeping is forbidden
 *	slab.live_twice       an allocator handed out what is in use (its own fault)
 */
#include <stdio.h>
#include <string.h>

#include <kmemrig/fault_control.h>
#include <linux/mm.h>

#include "hot.h"

#define SITE_TEXT 160 /* of a call site as text */

struct kmem_cache *rig_kmem_cache_of(struct rig_machine *machine, const void *address)
{
	struct page *page;

	if ((unsigned long)((const u8 *)address - machine->direct_map) >= machine->max_low_pfn
										  << PAGE_SHIFT)
		return NULL;
	if (machine->slab->cache_of)
		return machine->slab->cache_of(machine, address);
	page = compound_head(rig_virt_to_page(machine, address));
	return PageSlab(page) ? page->slab_cache : NULL;
}

bool rig_kmem_is_live(const struct rig_machine *machine, const void *object)
{
	return live_index(machine, object) < live_limit(machine) &&
	       __atomic_load_n(live_byte(machine, object), __ATOMIC_RELAXED) != KMEM_LIVE_NONE;
}

void rig_kmem_set_live(struct rig_machine *machine, const void *object, bool live)
{
	struct kmem_cache *cache = rig_kmem_cache_of(machine, object);

	if (live_index(machine, object) < live_limit(machine))
		*live_byte(machine, object) = !live   ? KMEM_LIVE_NONE
					      : cache ? cache->live_id
						      : KMEM_LIVE_OWN_KMALLOC;
}

static struct kmem_cache *cache_by_id(struct rig_machine *machine, u8 id)
{
	struct kmem_cache *cache = NULL;

	while ((cache = rig_kmem_cache_next(machine, cache)))
		if (cache->live_id == id)
			return cache;
	return NULL;
}

static unsigned long long shown(const struct rig_machine *machine, const void *address)
{
	return (unsigned long long)rig_kernel_address(machine, address);
}

static void report_other_owner(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
			       unsigned long call_site)
{
	struct rig_machine *machine = cpu->machine;
	struct kmem_cache *owner = rig_kmem_cache_of(machine, object);
	char site[SITE_TEXT];

	if (!owner)
		owner = cache_by_id(machine, *live_byte(machine, object));
	rig_misuse(cpu, "slab.wrong_cache",
		   "cache_from_obj: Wrong slab cache. %s but object is from %s "
		   "(object 0x%llx, freed at %s)",
		   cache ? cache->name : "kfree", owner ? owner->name : "kmalloc",
		   shown(machine, object), rig_symbol(call_site, site, sizeof(site)));
}

void rig_kmem_wrong_cache(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object)
{
	report_other_owner(cpu, cache, object, cpu->call_site);
}

void kmem_report_bad_free(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object,
			  unsigned long call_site)
{
	struct rig_machine *machine = cpu->machine;
	struct kmem_cache *owner;
	char site[SITE_TEXT];
	const void *start;

	call_site = event_site(cpu, call_site);
	if (rig_kmem_is_live(machine, object)) {
		report_other_owner(cpu, cache, object, call_site);
		return;
	}
	owner = rig_kmem_cache_of(machine, object);
	if (!owner) {
		rig_misuse(cpu, "slab.foreign_pointer",
			   "BUG %s: Attempt to free object(0x%llx) outside of slab, freed at %s",
			   cache ? cache->name : "kmalloc", shown(machine, object),
			   rig_symbol(call_site, site, sizeof(site)));
		return;
	}
	start = owner->backend->nearest_object ? owner->backend->nearest_object(owner, object)
					       : object;
	if (start == object)
		rig_misuse(cpu, "slab.double_free",
			   "BUG %s: Object 0x%llx already free, freed again at %s", owner->name,
			   shown(machine, object), rig_symbol(call_site, site, sizeof(site)));
	else
		rig_misuse(cpu, "slab.invalid_pointer",
			   "BUG %s: Invalid object pointer 0x%llx (nearest object 0x%llx), "
			   "freed at %s",
			   owner->name, shown(machine, object), shown(machine, start),
			   rig_symbol(call_site, site, sizeof(site)));
}

void kmem_report_live_twice(struct rig_machine *machine, struct kmem_cache *cache,
			    const void *object)
{
	struct rig_verdict verdict;

	(void)rig_fails(&verdict, "slab.live_twice", "%s handed out object 0x%llx, which is in use",
			cache ? cache->name : "kmalloc", shown(machine, object));
	rig_broken(machine, &verdict);
}

void kmem_report_sleeping(struct rig_cpu *cpu, gfp_t gfp, unsigned long call_site)
{
	char site[SITE_TEXT];

	rig_misuse(cpu, "slab.sleeping",
		   "sleeping function called from invalid context at mm/slab.h, gfp %#x, "
		   "in_atomic(): %d, irqs_disabled(): %d, called from %s",
		   (unsigned int)gfp, cpu->preempt_count != 0, cpu->irqs_disabled,
		   rig_symbol(event_site(cpu, call_site), site, sizeof(site)));
}

gfp_t rig_kmem_fix_flags(struct rig_cpu *cpu, gfp_t gfp)
{
	gfp_t invalid = gfp & GFP_SLAB_BUG_MASK;

	gfp &= ~GFP_SLAB_BUG_MASK;
	rig_log(cpu->machine, "Unexpected gfp: %#x. Fixing up to gfp: %#x. Fix your code!",
		(unsigned int)invalid, (unsigned int)gfp);
	return gfp;
}

/* The tier of the machine asks for checks after each operation: what it touched of the cache. */
void kmem_check_after(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object)
{
	const struct slab_backend *backend = cache->backend;
	struct rig_machine *machine = cpu->machine;
	int tier = min(machine->check_tier, 2);
	struct rig_verdict verdict; /* large; who finds something fills it */
	bool sound = true;

	if (object && backend->check_touched)
		sound = backend->check_touched(cache, object, cpu, tier, &verdict);
	else if (backend->check)
		sound = backend->check(cache, tier, &verdict);
	if (unlikely(!sound))
		rig_broken(machine, &verdict);
}

bool kmem_dump_obj(void *object)
{
	struct rig_machine *machine = rig_this_cpu()->machine;
	struct kmem_cache *cache = rig_kmem_cache_of(machine, object);
	const void *start;

	if (!cache)
		return false;
	start = cache->backend->nearest_object ? cache->backend->nearest_object(cache, object)
					       : object;
	rig_log(machine, " slab %s start %llx pointer offset %lu size %u", cache->name,
		shown(machine, start), (unsigned long)((u8 *)object - (const u8 *)start),
		cache->object_size);
	return true;
}
