// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLUB debugging (slub_debug=FZPU): objects of such a cache are handed out one at a time from slabs
 * that stay on their node's lists, all under the node's lock, and every call looks at the object
 * (alloc_debug_processing, free_debug_processing in mm/slub.c):
 *
 *	F  is the pointer an object's, the free list sound, the object free or not as it should be?
 *	Z  red zones left and right: 0xbb beside free objects, 0xcc beside those in use
 *	P  free objects hold 0x6b .. 0xa5, padding holds 0x5a
 *	U  who allocated and freed it last
 *
 * What was overwritten is restored after the report, as in the kernel.
 */
#include <string.h>

#include <linux/poison.h>

#include <kmemrig/slub.h>

#include "debug.h"

#define NS_PER_JIFFY 4000000UL /* HZ=250 */

/* Memory that sanitizers hold for poisoned is looked at word by word, not through the C library. */
RIG_RAW void fill_bytes(u8 *start, u8 value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((volatile u8 *)start)[i] = value;
}

/* First byte that is not @value, or NULL. */
RIG_RAW u8 *find_other(u8 *start, u8 value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (((volatile u8 *)start)[i] != value)
			return start + i;
	return NULL;
}

RIG_RAW void write_track(struct slub_track *track, unsigned long addr, const struct rig_cpu *cpu,
			 u32 handle)
{
	track->addr = addr;
	track->handle = handle;
	track->cpu = cpu->id;
	track->pid = cpu->task->pid;
	track->when = cpu->machine->clock_ns / NS_PER_JIFFY;
}

RIG_RAW void write_orig_size(u8 *where, unsigned int size)
{
	*(volatile unsigned int *)where = size;
}

static void init_object(struct slub_cache *s, u8 *object, u8 red)
{
	const struct kmem_cache *cache = s->cache;

	if (cache->flags & SLAB_RED_ZONE)
		fill_bytes(object - s->red_left_pad, red, s->red_left_pad);
	if (cache->flags & __OBJECT_POISON) {
		fill_bytes(object, POISON_FREE, cache->object_size - 1);
		fill_bytes(object + cache->object_size - 1, POISON_END, 1);
	}
	if (cache->flags & SLAB_RED_ZONE)
		fill_bytes(object + cache->object_size, red, s->inuse - cache->object_size);
}

void slub_setup_slab_debug(struct slub_cache *s, struct page *slab)
{
	if (s->cache->flags & SLAB_POISON)
		fill_bytes(slub_slab_address(s, slab), POISON_INUSE,
			   PAGE_SIZE << compound_order(slab));
}

void slub_setup_object_debug(struct slub_cache *s, struct page *slab, void *object)
{
	if (!(s->cache->flags & (SLAB_STORE_USER | SLAB_RED_ZONE | __OBJECT_POISON)))
		return;
	init_object(s, object, SLUB_RED_INACTIVE);
	if (s->cache->flags & SLAB_STORE_USER)
		fill_bytes((u8 *)slub_track_of(s, object, SLUB_TRACK_ALLOC), 0,
			   2 * sizeof(struct slub_track));
}

bool slub_valid_pointer(const struct slub_cache *s, const struct page *slab, const void *object)
{
	unsigned long offset;

	if (!object)
		return true;
	offset = (unsigned long)((const u8 *)object - s->red_left_pad -
				 (const u8 *)slub_slab_address(s, slab));
	return offset < (unsigned long)slab->objects * s->cache->size &&
	       offset % s->cache->size == 0;
}

/* All @bytes from @start hold @value; otherwise a report, and they do again. */
static bool check_bytes(struct slub_cache *s, struct page *slab, void *object, const char *what,
			u8 *start, u8 value, size_t bytes)
{
	u8 *fault = find_other(start, value, bytes);
	u8 *end = start + bytes;

	if (likely(!fault))
		return true;
	while (end > fault && !find_other(end - 1, value, 1))
		end--;
	slub_overwritten(s, slab, object, what, fault, end, value);
	fill_bytes(fault, value, (size_t)(end - fault));
	return false;
}

/* What lies behind all that belongs to the object, up to the next slot. */
static bool check_object_padding(struct slub_cache *s, struct page *slab, u8 *object)
{
	unsigned int used = slub_info_end(s);

	if (s->cache->flags & SLAB_STORE_USER) {
		used += 2 * (unsigned int)sizeof(struct slub_track);
		if (s->cache->flags & SLAB_KMALLOC)
			used += (unsigned int)sizeof(unsigned int);
	}
	if (slub_size_from_object(s) == used)
		return true;
	return check_bytes(s, slab, object, "Object padding", object + used, POISON_INUSE,
			   slub_size_from_object(s) - used);
}

/* The end of the slab that holds no whole slot. */
static void check_slab_padding(struct slub_cache *s, struct page *slab)
{
	u8 *start = slub_slab_address(s, slab);
	size_t bytes = PAGE_SIZE << compound_order(slab);
	size_t rest = bytes % s->cache->size;
	u8 *fault, *end = start + bytes;

	if (!(s->cache->flags & SLAB_POISON) || !rest)
		return;
	fault = find_other(end - rest, POISON_INUSE, rest);
	if (!fault)
		return;
	while (end > fault && !find_other(end - 1, POISON_INUSE, 1))
		end--;
	slub_slab_err(
		s, slab, "slub.slab_padding", "Padding overwritten. 0x%llx-0x%llx @offset=%td",
		(unsigned long long)rig_kernel_address(s->cache->machine, fault),
		(unsigned long long)rig_kernel_address(s->cache->machine, end - 1), fault - start);
	fill_bytes(fault, POISON_INUSE, (size_t)(end - fault));
}

static bool check_red_zones(struct slub_cache *s, struct page *slab, u8 *object, u8 red)
{
	return check_bytes(s, slab, object, "Left Redzone", object - s->red_left_pad, red,
			   s->red_left_pad) &&
	       check_bytes(s, slab, object, "Right Redzone", object + s->cache->object_size, red,
			   s->inuse - s->cache->object_size);
}

static bool check_poison(struct slub_cache *s, struct page *slab, u8 *object, u8 red)
{
	unsigned int size = s->cache->object_size;

	if (red != SLUB_RED_ACTIVE && (s->cache->flags & __OBJECT_POISON) &&
	    (!check_bytes(s, slab, object, "Poison", object, POISON_FREE, size - 1) ||
	     !check_bytes(s, slab, object, "End Poison", object + size - 1, POISON_END, 1)))
		return false;
	check_object_padding(s, slab, object);
	return true;
}

/* The object is as one in use (@red SLUB_RED_ACTIVE) or a free one should be. */
static bool check_object(struct slub_cache *s, struct page *slab, u8 *object, u8 red)
{
	slab_flags_t flags = s->cache->flags;

	if (flags & SLAB_RED_ZONE) {
		if (!check_red_zones(s, slab, object, red))
			return false;
	} else if ((flags & SLAB_POISON) && s->cache->object_size < s->inuse) {
		check_bytes(s, slab, object, "Alignment padding", object + s->cache->object_size,
			    POISON_INUSE, s->inuse - s->cache->object_size);
	}
	if ((flags & SLAB_POISON) && !check_poison(s, slab, object, red))
		return false;
	/* A free pointer inside an object in use is no pointer. */
	if (s->offset < s->inuse && red == SLUB_RED_ACTIVE)
		return true;
	if (!slub_valid_pointer(s, slab, slub_next(s, object))) {
		slub_object_err(s, slab, object, "slub.freepointer", "Freepointer corrupt");
		slub_set_next(s, object, NULL);
		return false;
	}
	return true;
}

static unsigned int max_objects(const struct slub_cache *s, const struct page *slab)
{
	return min((unsigned int)(PAGE_SIZE << compound_order(slab)) / s->cache->size,
		   SLUB_MAX_OBJECTS);
}

static bool check_slab(struct slub_cache *s, struct page *slab)
{
	if (!PageSlab(slab)) {
		slub_slab_err(s, slab, "slub.owner", "Not a valid slab page");
		return false;
	}
	if (slab->objects > max_objects(s, slab)) {
		slub_slab_err(s, slab, "slub.objects", "objects %u > max %u", slab->objects,
			      max_objects(s, slab));
		return false;
	}
	if (slab->inuse > slab->objects) {
		slub_slab_err(s, slab, "slub.inuse", "inuse %u > max %u", slab->inuse,
			      slab->objects);
		return false;
	}
	if (slab->frozen) {
		slub_slab_err(s, slab, "slub.frozen",
			      "Slab disabled since SLUB metadata consistency check failed");
		return false;
	}
	check_slab_padding(s, slab);
	return true;
}

/*
 * Walks the slab's free list and puts right what it finds wrong. Returns whether @search is on it;
 * for @search NULL, whether the list is sound.
 */
static bool on_freelist(struct slub_cache *s, struct page *slab, const void *search)
{
	void *object = NULL, *next = slab->freelist;
	unsigned int count = 0;

	while (next && count <= slab->objects) {
		if (next == search)
			return true;
		if (!slub_valid_pointer(s, slab, next)) {
			if (!object) {
				slub_slab_err(s, slab, "slub.freelist", "Freepointer corrupt");
				slab->freelist = NULL;
				slab->inuse = slab->objects;
				slub_fix(s, "Freelist cleared");
				return false;
			}
			slub_object_err(s, slab, object, "slub.freelist", "Freechain corrupt");
			slub_set_next(s, object, NULL);
			break;
		}
		object = next;
		next = slub_next(s, object);
		count++;
	}
	if (slab->objects != max_objects(s, slab)) {
		slub_slab_err(s, slab, "slub.objects",
			      "Wrong number of objects. Found %d but should be %d", slab->objects,
			      max_objects(s, slab));
		slab->objects = max_objects(s, slab);
		slub_fix(s, "Number of objects adjusted");
	}
	if (slab->inuse != slab->objects - count) {
		slub_slab_err(s, slab, "slub.inuse",
			      "Wrong object count. Counter is %d but counted were %d", slab->inuse,
			      slab->objects - count);
		slab->inuse = slab->objects - count;
		slub_fix(s, "Object count adjusted");
	}
	return search == NULL;
}

void slub_check_slab_before_free(struct slub_cache *s, struct page *slab)
{
	if (!(s->cache->flags & SLAB_CONSISTENCY_CHECKS))
		return;
	check_slab_padding(s, slab);
	for (unsigned int i = 0; i < slab->objects; i++)
		check_object(s, slab, slub_object(s, slab, i), SLUB_RED_INACTIVE);
}

static void trace_object(struct slub_cache *s, struct page *slab, void *object, const char *what)
{
	struct rig_machine *machine = s->cache->machine;

	if (!(s->cache->flags & SLAB_TRACE))
		return;
	rig_log(machine, "TRACE %s %s 0x%llx inuse=%d fp=0x%llx", s->cache->name, what,
		(unsigned long long)rig_kernel_address(machine, object), slab->inuse,
		(unsigned long long)rig_kernel_address(machine, slab->freelist));
}

/* A free object is about to be handed out. False: it may not be; the slab is out of use. */
static bool process_alloc(struct slub_cache *s, struct page *slab, u8 *object, struct rig_cpu *cpu)
{
	bool sound = true;

	if (s->cache->flags & SLAB_CONSISTENCY_CHECKS) {
		sound = check_slab(s, slab);
		if (sound && !slub_valid_pointer(s, slab, object)) {
			slub_object_err(s, slab, object, "slub.freelist",
					"Freelist Pointer check fails");
			sound = false;
		}
		sound = sound && check_object(s, slab, object, SLUB_RED_INACTIVE);
	}
	if (!sound) {
		if (PageSlab(slab)) {
			slub_fix(s, "Marking all objects used");
			slab->inuse = slab->objects;
			slab->freelist = NULL;
			slab->frozen = 1;
		}
		return false;
	}
	trace_object(s, slab, object, "alloc");
	if (slub_keeps_orig_size(s))
		write_orig_size((u8 *)slub_track_of(s, object, SLUB_TRACK_ALLOC) +
					2 * sizeof(struct slub_track),
				(unsigned int)cpu->slab_orig_size);
	init_object(s, object, SLUB_RED_ACTIVE);
	return true;
}

void slub_track_alloc(struct slub_cache *s, void *object, struct rig_cpu *cpu)
{
	if (s->cache->flags & SLAB_STORE_USER)
		write_track(slub_track_of(s, object, SLUB_TRACK_ALLOC), cpu->slab_caller, cpu,
			    slub_depot_save(slub_machine(cpu->machine), cpu));
}

static void add_full(struct slub_cache *s, struct slub_node *n, struct page *slab)
{
	if (s->cache->flags & SLAB_STORE_USER)
		list_add(&slab->slab_list, &n->full);
}

static void remove_full(struct slub_cache *s, struct page *slab)
{
	if (s->cache->flags & SLAB_STORE_USER)
		list_del(&slab->slab_list);
}

/* One object of a slab on the node's list, whose lock is held. NULL: the slab is out of use. */
void *slub_alloc_single(struct slub_cache *s, struct slub_node *n, struct page *slab,
			struct rig_cpu *cpu)
{
	void *object = slab->freelist;

	slab->freelist = slub_next(s, object);
	slab->inuse++;
	if (!process_alloc(s, slab, object, cpu)) {
		if (PageSlab(slab))
			slub_remove_partial(n, slab);
		return NULL;
	}
	if (slab->inuse == slab->objects) {
		slub_remove_partial(n, slab);
		add_full(s, n, slab);
	}
	return object;
}

void *slub_alloc_single_new(struct slub_cache *s, struct page *slab, struct rig_cpu *cpu)
{
	struct slub_node *n = slub_node_of(s, slab);
	void *object = slab->freelist;

	slab->freelist = slub_next(s, object);
	slab->inuse = 1;
	if (!process_alloc(s, slab, object, cpu))
		return NULL;
	rig_spin_lock(&n->list_lock);
	if (slab->inuse == slab->objects)
		add_full(s, n, slab);
	else
		slub_add_partial(n, slab, SLUB_TO_HEAD);
	slub_count_slab(s, slab);
	rig_spin_unlock(&n->list_lock);
	return object;
}

/* An object is about to become free. False: it may not be. */
static bool process_free(struct slub_cache *s, struct page *slab, void *object, struct rig_cpu *cpu)
{
	if (s->cache->flags & SLAB_CONSISTENCY_CHECKS) {
		if (!check_slab(s, slab))
			return false;
		if (!slub_valid_pointer(s, slab, object)) {
			slub_slab_err(s, slab, "slab.invalid_pointer",
				      "Invalid object pointer 0x%llx",
				      (unsigned long long)rig_kernel_address(cpu->machine, object));
			return false;
		}
		if (on_freelist(s, slab, object)) {
			slub_object_err(s, slab, object, "slub.double_free", "Object already free");
			return false;
		}
		if (!check_object(s, slab, object, SLUB_RED_ACTIVE))
			return false;
	}
	if (s->cache->flags & SLAB_STORE_USER)
		write_track(slub_track_of(s, object, SLUB_TRACK_FREE), cpu->slab_caller, cpu,
			    slub_depot_save(slub_machine(cpu->machine), cpu));
	trace_object(s, slab, object, "free");
	init_object(s, object, SLUB_RED_INACTIVE);
	return true;
}

void slub_free_single(struct slub_cache *s, struct page *slab, void *object, struct rig_cpu *cpu)
{
	struct slub_node *n = slub_node_of(s, slab);
	bool empty = false;
	void *prior;

	rig_spin_lock(&n->list_lock);
	if (!process_free(s, slab, object, cpu)) {
		slub_fix(s, "Object at 0x%llx not freed",
			 (unsigned long long)rig_kernel_address(cpu->machine, object));
		rig_spin_unlock(&n->list_lock);
		return;
	}
	prior = slab->freelist;
	slab->inuse--;
	slub_set_next(s, object, prior);
	slab->freelist = object;
	empty = slab->inuse == 0 && n->nr_partial >= s->min_partial;
	if (!prior) {
		remove_full(s, slab);
		if (!empty)
			slub_add_partial(n, slab, SLUB_TO_TAIL);
	} else if (empty) {
		slub_remove_partial(n, slab);
	}
	if (empty)
		slub_uncount_slab(s, slab);
	rig_spin_unlock(&n->list_lock);
	if (empty)
		slub_free_slab(s, slab, cpu);
}

static void validate_slab(struct slub_cache *s, struct page *slab)
{
	unsigned long is_free[(SLUB_MAX_OBJECTS + 1) / 64];

	if (!check_slab(s, slab) || !on_freelist(s, slab, NULL))
		return;
	memset(is_free, 0, sizeof(is_free));
	for (void *object = slab->freelist; object; object = slub_next(s, object)) {
		unsigned int index = slub_index(s, slab, object);

		is_free[index / 64] |= 1UL << index % 64;
	}
	for (unsigned int i = 0; i < slab->objects; i++)
		if (!check_object(s, slab, slub_object(s, slab, i),
				  is_free[i / 64] & 1UL << i % 64 ? SLUB_RED_INACTIVE
								  : SLUB_RED_ACTIVE))
			break;
}

static unsigned long validate_node(struct slub_cache *s, struct slub_node *n)
{
	struct page *slab;
	unsigned long count = 0;

	list_for_each_entry (slab, &n->partial, slab_list) {
		validate_slab(s, slab);
		count++;
	}
	if (count != n->nr_partial)
		slub_slab_err(s, NULL, "slub.partial_count",
			      "%lu partial slabs counted but counter=%lu", count, n->nr_partial);
	if (!(s->cache->flags & SLAB_STORE_USER))
		return count;
	list_for_each_entry (slab, &n->full, slab_list) {
		validate_slab(s, slab);
		count++;
	}
	if (count != (unsigned long)atomic_long_read(&n->nr_slabs))
		slub_slab_err(s, NULL, "slub.slab_count", "%lu slabs counted but counter=%ld",
			      count, atomic_long_read(&n->nr_slabs));
	return count;
}

long rig_slub_validate(struct kmem_cache *cache)
{
	struct slub_cache *s = slub_of(cache);
	unsigned long count = 0;

	slub_flush_all(s, rig_kmem_cpu(cache->machine));
	for (int nid = 0; nid < s->nr_nodes; nid++) {
		struct slub_node *n = s->node[nid];

		if (!n)
			continue;
		rig_spin_lock(&n->list_lock);
		count += validate_node(s, n);
		rig_spin_unlock(&n->list_lock);
	}
	return (long)count;
}
