// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLAB's invariants, looked at while the machine's CPUs are at rest.
 *
 *	slab.array_limit	no array holds more than its limit
 *	slab.array_entry	what an array holds is an object of the cache, taken from its slab,
 *				of the array's node, not in use by a caller, and in one array only
 *	slab.list_membership	full slabs have no free object, partial ones some, free ones all;
 *				each is this cache's and this node's
 *	slab.slab_count		total_slabs and free_slabs are the lists' lengths
 *	slab.free_count		free_objects is the sum over the node's slabs
 *	slab.freelist_unique	a slab's free list names each free object once, and none outside
 *	slab.active_count	an object taken from its slab is in use or in an array, and a free
 *				one is not in use
 *
 * Tier 1 looks at the arrays' limits, tier 2 and above at everything of the cache.
 */
#include <stdlib.h>

#include "slab.h"

/* What is known of an object: a bit for each place that claims it. */
enum { IN_FREELIST = 1, IN_ARRAY = 2 };

struct walk {
	struct slab_cache *data;
	struct rig_verdict *verdict;
	unsigned long in_arrays; /* entries seen in arrays */
	unsigned long taken;	 /* objects in no free list */
	unsigned long live;	 /* of these: in use by callers */
};

static unsigned long long pfn_of(const struct walk *walk, const struct page *page)
{
	return rig_page_to_pfn(walk->data->machine, page);
}

static bool check_limit(struct walk *walk, const struct slab_array *array, const char *what, int id)
{
	if (!array || array->avail <= array->limit)
		return true;
	return rig_fails(walk->verdict, "slab.array_limit", "%s: %s array %d holds %u of %u",
			 walk->data->cache->name, what, id, array->avail, array->limit);
}

static bool check_limits(struct walk *walk)
{
	struct rig_machine *machine = walk->data->machine;

	for (int id = 0; id < machine->nr_cpus; id++)
		if (!check_limit(walk, walk->data->cpus[id].array, "CPU", id))
			return false;
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		const struct slab_node *node = walk->data->node[nid];

		if (!node)
			continue;
		if (!check_limit(walk, node->shared, "shared", nid))
			return false;
		for (int i = 0; node->alien && i < machine->nr_nodes; i++)
			if (node->alien[i] &&
			    !check_limit(walk, &node->alien[i]->array, "alien", i))
				return false;
	}
	return true;
}

static bool is_live(const struct walk *walk, const void *slot)
{
	return rig_kmem_is_live(walk->data->machine, (const u8 *)slot + walk->data->obj_offset);
}

/* Is the slot in the free list of its slab? */
static bool in_freelist(const struct walk *walk, const struct page *page, unsigned int index)
{
	for (unsigned int slot = page->active; slot < walk->data->num; slot++)
		if (slab_get_index(page, slot) == index)
			return true;
	return false;
}

static bool check_entry(struct walk *walk, const struct slab_array *array, unsigned int at, int nid)
{
	struct slab_cache *data = walk->data;
	const void *slot = array->entry[at];
	const struct page *page = slab_page_of(data, slot);
	const char *wrong = NULL;

	if (!PageSlab(page) || page->slab_cache != data->cache)
		wrong = "is not of this cache";
	else if (page_to_nid(page) != nid)
		wrong = "is of another node";
	else if (((u8 *)slot - (u8 *)page->s_mem) % data->cache->size)
		wrong = "is no object's start";
	else if (is_live(walk, slot))
		wrong = "is in use";
	else if (in_freelist(walk, page, slab_slot_index(data, page, slot)))
		wrong = "is free in its slab, too";
	for (unsigned int i = 0; !wrong && i < at; i++)
		if (array->entry[i] == slot)
			wrong = "is there twice";
	if (wrong)
		return rig_fails(walk->verdict, "slab.array_entry", "%s: %llx in an array %s",
				 data->cache->name,
				 (unsigned long long)rig_kernel_address(data->machine, slot),
				 wrong);
	walk->in_arrays++;
	return true;
}

static bool check_array(struct walk *walk, const struct slab_array *array, int nid)
{
	for (unsigned int i = 0; array && i < array->avail; i++)
		if (!check_entry(walk, array, i, nid))
			return false;
	return true;
}

static bool check_arrays(struct walk *walk)
{
	struct rig_machine *machine = walk->data->machine;

	for (int id = 0; id < machine->nr_cpus; id++)
		if (!check_array(walk, walk->data->cpus[id].array,
				 slab_node_of_cpu(&machine->cpus[id])))
			return false;
	for (int nid = 0; nid < machine->nr_nodes; nid++) {
		const struct slab_node *node = walk->data->node[nid];

		if (!node)
			continue;
		if (!check_array(walk, node->shared, nid))
			return false;
		for (int i = 0; node->alien && i < machine->nr_nodes; i++)
			if (node->alien[i] && !check_array(walk, &node->alien[i]->array, i))
				return false;
	}
	return true;
}

/* The free list of one slab against its objects' states. */
static bool check_freelist(struct walk *walk, const struct page *page, u8 *seen)
{
	struct slab_cache *data = walk->data;

	for (unsigned int i = 0; i < data->num; i++)
		seen[i] = 0;
	for (unsigned int slot = page->active; slot < data->num; slot++) {
		unsigned int index = slab_get_index(page, slot);

		if (index >= data->num || seen[index]++)
			return rig_fails(walk->verdict, "slab.freelist_unique",
					 "%s: pfn 0x%llx: free list names object %u of %u%s",
					 data->cache->name, pfn_of(walk, page), index, data->num,
					 index < data->num ? " twice" : "");
	}
	for (unsigned int i = 0; i < data->num; i++) {
		bool live = is_live(walk, slab_slot(data, page, i));

		if (seen[i] && live)
			return rig_fails(walk->verdict, "slab.active_count",
					 "%s: pfn 0x%llx: object %u is in use and in the free list",
					 data->cache->name, pfn_of(walk, page), i);
		walk->live += live;
	}
	walk->taken += page->active;
	return true;
}

enum { FULL, PARTIAL, FREE, NR_LISTS };

static bool belongs(const struct slab_cache *data, const struct page *page, int list)
{
	switch (list) {
	case FULL:
		return page->active == data->num;
	case PARTIAL:
		return page->active > 0 && page->active < data->num;
	default:
		return page->active == 0;
	}
}

static bool check_list(struct walk *walk, const struct list_head *head, int list, int nid,
		       unsigned long counts[NR_LISTS], unsigned long *free_objects, u8 *seen)
{
	static const char *const names[] = { "full", "partial", "free" };
	struct slab_cache *data = walk->data;
	const struct page *page;

	list_for_each_entry (page, head, slab_list) {
		if (!PageSlab(page) || page->slab_cache != data->cache ||
		    page_to_nid(page) != nid || !belongs(data, page, list))
			return rig_fails(walk->verdict, "slab.list_membership",
					 "%s: pfn 0x%llx with %u of %u objects in use is on node "
					 "%d's %s list",
					 data->cache->name, pfn_of(walk, page), page->active,
					 data->num, nid, names[list]);
		counts[list]++;
		*free_objects += data->num - page->active;
		if (!check_freelist(walk, page, seen))
			return false;
	}
	return true;
}

static bool check_node(struct walk *walk, int nid, u8 *seen)
{
	const struct slab_node *node = walk->data->node[nid];
	unsigned long counts[NR_LISTS] = { 0 }, free_objects = 0, total;

	if (!check_list(walk, &node->full, FULL, nid, counts, &free_objects, seen) ||
	    !check_list(walk, &node->partial, PARTIAL, nid, counts, &free_objects, seen) ||
	    !check_list(walk, &node->free, FREE, nid, counts, &free_objects, seen))
		return false;
	total = counts[FULL] + counts[PARTIAL] + counts[FREE];
	if (total != node->total_slabs || counts[FREE] != node->free_slabs)
		return rig_fails(walk->verdict, "slab.slab_count",
				 "%s: node %d: %lu slabs on lists, %lu of them free; counted %lu "
				 "and %lu",
				 walk->data->cache->name, nid, total, counts[FREE],
				 node->total_slabs, node->free_slabs);
	if (free_objects != node->free_objects)
		return rig_fails(walk->verdict, "slab.free_count",
				 "%s: node %d: %lu free objects in slabs, %lu counted",
				 walk->data->cache->name, nid, free_objects, node->free_objects);
	return true;
}

bool slab_check(struct kmem_cache *cache, int tier, struct rig_verdict *verdict)
{
	struct walk walk = { .data = cache->backend_data, .verdict = verdict };
	bool good = true;
	u8 *seen;

	if (tier >= 1 && !check_limits(&walk))
		return false;
	if (tier < 2)
		return true;
	if (!check_arrays(&walk))
		return false;
	seen = malloc(walk.data->num);
	for (int nid = 0; seen && good && nid < walk.data->machine->nr_nodes; nid++)
		good = !walk.data->node[nid] || check_node(&walk, nid, seen);
	free(seen);
	if (good && walk.taken != walk.live + walk.in_arrays)
		return rig_fails(verdict, "slab.active_count",
				 "%s: %lu objects left their slabs: %lu in use, %lu in arrays",
				 cache->name, walk.taken, walk.live, walk.in_arrays);
	return good;
}

static unsigned long report_list(struct slab_cache *data, const struct list_head *head)
{
	unsigned long nr = 0;
	const struct page *page;

	list_for_each_entry (page, head, slab_list) {
		const u8 *start = rig_page_address(data->machine, page);

		for (unsigned int i = 0; i < data->num; i++) {
			u8 *object = (u8 *)slab_slot(data, page, i) + data->obj_offset;

			if (!rig_kmem_is_live(data->machine, object))
				continue;
			rig_log(data->machine, "Object 0x%llx @offset=%lu",
				(unsigned long long)rig_kernel_address(data->machine, object),
				(unsigned long)(object - start));
			nr++;
		}
	}
	return nr;
}

void slab_report_leaks(struct slab_cache *data)
{
	rig_log(data->machine, "Objects remaining in %s on shutdown", data->cache->name);
	for (int nid = 0; nid < data->machine->nr_nodes; nid++) {
		if (!data->node[nid])
			continue;
		report_list(data, &data->node[nid]->full);
		report_list(data, &data->node[nid]->partial);
	}
}
