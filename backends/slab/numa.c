// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects and nodes. An object is handed out from the node that was asked for, or the CPU's; where
 * that node has no memory, from any other that has free objects, and at last from wherever the
 * page allocator finds a slab. An object freed on another node than its own does not enter the
 * CPU's array but the node's alien array for its owner, which goes back to the owner's shared
 * array or slabs when it is full, and little by little at each visit of the reaper.
 *
 *	CPU of node 0 frees an object of node 1:  node[0]->alien[1] --when full--> node[1]
 *
 * Locking: an alien array has its own lock; then node->lock of the owner.
 */
#include <errno.h>

#include <linux/gfp.h>

#include "slab.h"

#define ALIEN_LIMIT 12
#define ALIEN_BATCH 0xbaadf00d /* the batch count of arrays that have none */

int slab_node_of_cpu(const struct rig_cpu *cpu)
{
	const struct pglist_data *node = cpu->machine->nodes[cpu->nid];

	if (likely(node && node->node_present_pages))
		return cpu->nid;
	if (node && node->node_zonelists[ZONELIST_FALLBACK]) {
		const struct zone *zone =
			node->node_zonelists[ZONELIST_FALLBACK]->_zonerefs[0].zone;

		if (zone)
			return zone->node;
	}
	return node ? cpu->nid : 0;
}

/* Another node with free objects that the request may use; NULL: none gave one. */
static void *alloc_from_zonelist(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu)
{
	int here = slab_node_of_cpu(cpu);
	const struct zonelist *list = cpu->machine->nodes[here]->node_zonelists[ZONELIST_FALLBACK];
	int highest = (int)gfp_zone(gfp);

	for (const struct zoneref *ref = list ? list->_zonerefs : NULL; ref && ref->zone; ref++) {
		int nid = ref->zone->node;
		void *slot;

		if (ref->zone_idx > highest || !data->node[nid] ||
		    !READ_ONCE(data->node[nid]->free_objects))
			continue;
		slot = slab_alloc_node(data, slab_exact_node(data, gfp), nid, cpu);
		if (slot)
			return slot;
	}
	return NULL;
}

/* The node that was asked for has no memory: any other. */
static void *alloc_fallback(struct slab_cache *data, gfp_t gfp, struct rig_cpu *cpu)
{
	void *slot = NULL;

	if (gfp & __GFP_THISNODE)
		return NULL;
	while (!slot) {
		struct page *page;

		slot = alloc_from_zonelist(data, gfp, cpu);
		if (slot)
			break;
		page = slab_grow_begin(data, gfp, slab_node_of_cpu(cpu), cpu);
		slab_grow_end(data, page);
		if (!page)
			break;
		/* another CPU may be faster: then all over again */
		slot = slab_alloc_node(data, slab_exact_node(data, gfp), page_to_nid(page), cpu);
	}
	return slot;
}

void *slab_alloc_node(struct slab_cache *data, gfp_t gfp, int nid, struct rig_cpu *cpu)
{
	struct slab_node *node = slab_lock_node(data, nid);
	struct page *page = slab_first(node);
	void *slot = NULL;

	if (page) {
		slot = slab_take(data, page);
		WRITE_ONCE(node->free_objects, node->free_objects - 1);
		slab_file(data, node, page);
		rig_spin_unlock(&node->lock);
		return slot;
	}
	rig_spin_unlock(&node->lock);
	page = slab_grow_begin(data, slab_exact_node(data, gfp), nid, cpu);
	if (page)
		slot = slab_take(data, page);
	slab_grow_end(data, page);
	return slot ? slot : alloc_fallback(data, gfp, cpu);
}

/* An alien array's objects go to their node. Its lock is held. */
static void drain_alien(struct slab_cache *data, struct slab_array *array, int nid,
			struct list_head *doomed)
{
	struct slab_node *node;

	if (!array->avail)
		return;
	node = slab_lock_node(data, nid);
	if (node->shared)
		slab_transfer(node->shared, array, array->limit);
	slab_free_block(data, array->entry, array->avail, nid, doomed);
	WRITE_ONCE(array->avail, 0);
	rig_spin_unlock(&node->lock);
}

bool slab_free_alien(struct slab_cache *data, void *slot, struct rig_cpu *cpu)
{
	int owner = page_to_nid(slab_page_of(data, slot));
	int here = slab_node_of_cpu(cpu);
	struct slab_alien **aliens;
	LIST_HEAD(doomed);

	if (likely(owner == here))
		return false;
	aliens = data->node[here]->alien;
	if (aliens && aliens[owner]) {
		struct slab_alien *alien = aliens[owner];

		rig_spin_lock(&alien->lock);
		if (unlikely(alien->array.avail == alien->array.limit))
			drain_alien(data, &alien->array, owner, &doomed);
		alien->array.entry[alien->array.avail] = slot;
		WRITE_ONCE(alien->array.avail, alien->array.avail + 1);
		rig_spin_unlock(&alien->lock);
	} else {
		struct slab_node *node = slab_lock_node(data, owner);

		slab_free_block(data, &slot, 1, owner, &doomed);
		rig_spin_unlock(&node->lock);
	}
	slab_destroy_list(data, &doomed, cpu);
	return true;
}

void slab_drain_aliens(struct slab_cache *data, struct slab_alien **aliens, struct rig_cpu *cpu)
{
	for (int nid = 0; nid < data->machine->nr_nodes; nid++) {
		LIST_HEAD(doomed);

		if (!aliens[nid])
			continue;
		rig_spin_lock(&aliens[nid]->lock);
		drain_alien(data, &aliens[nid]->array, nid, &doomed);
		rig_spin_unlock(&aliens[nid]->lock);
		slab_destroy_list(data, &doomed, cpu);
	}
}

void slab_reap_alien(struct slab_cache *data, struct slab_node *node, int nid, struct rig_cpu *cpu)
{
	struct slab_alien *alien = node->alien ? node->alien[nid] : NULL;
	LIST_HEAD(doomed);

	if (!alien || !READ_ONCE(alien->array.avail) || !rig_spin_trylock(&alien->lock))
		return;
	drain_alien(data, &alien->array, nid, &doomed);
	rig_spin_unlock(&alien->lock);
	slab_destroy_list(data, &doomed, cpu);
}

struct slab_alien **slab_make_aliens(struct slab_cache *data, int nid, gfp_t gfp,
				     struct rig_cpu *cpu)
{
	unsigned int limit = data->limit > 1 ? ALIEN_LIMIT : data->limit;
	size_t size = sizeof(void *) * limit + sizeof(struct slab_alien);
	int nr_nodes = data->machine->nr_nodes;
	struct slab_alien **aliens;

	aliens = slab_own_alloc(data, sizeof(*aliens) * (size_t)nr_nodes, gfp | __GFP_ZERO, nid,
				cpu);
	if (!aliens)
		return NULL;
	for (int i = 0; i < nr_nodes; i++) {
		if (i == nid || !data->machine->nodes[i])
			continue;
		aliens[i] = slab_own_alloc(data, size, gfp, nid, cpu);
		if (!aliens[i]) {
			slab_free_aliens(data, aliens, cpu);
			return NULL;
		}
		spin_lock_init(&aliens[i]->lock);
		aliens[i]->array.avail = 0;
		aliens[i]->array.limit = limit;
		aliens[i]->array.batchcount = ALIEN_BATCH;
		aliens[i]->array.touched = 0;
	}
	return aliens;
}

void slab_free_aliens(struct slab_cache *data, struct slab_alien **aliens, struct rig_cpu *cpu)
{
	if (!aliens)
		return;
	for (int i = 0; i < data->machine->nr_nodes; i++)
		slab_own_free(data, aliens[i], cpu);
	slab_own_free(data, aliens, cpu);
}
