// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partial lists: the node's, under its lock, and each CPU's (deactivate_slab, get_partial,
 * put_cpu_partial, unfreeze_partials in mm/slub.c).
 *
 * slub.partial_count   n->nr_partial is the length of n->partial
 * slub.frozen          slabs of CPUs are frozen, slabs of node lists are not
 */
#include "slub.h"

void slub_add_partial(struct slub_node *n, struct page *slab, enum slub_position where)
{
	WRITE_ONCE(n->nr_partial, n->nr_partial + 1);
	if (where == SLUB_TO_TAIL)
		list_add_tail(&slab->slab_list, &n->partial);
	else
		list_add(&slab->slab_list, &n->partial);
}

void slub_remove_partial(struct slub_node *n, struct page *slab)
{
	list_del(&slab->slab_list);
	WRITE_ONCE(n->nr_partial, n->nr_partial - 1);
}

/* Slabs from the reserves serve only those who may use reserves. */
bool slub_pfmemalloc_match(const struct page *slab, gfp_t gfp, const struct rig_cpu *cpu)
{
	if (likely(!PageSlabPfmemalloc(slab)))
		return true;
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	return (gfp & __GFP_MEMALLOC) || (cpu->task->flags & PF_MEMALLOC) || cpu->task->oom_victim;
}

/* Counts the objects of a free list and finds its last one. */
static unsigned int list_length(const struct slub_cache *s, void *freelist, void **tail)
{
	unsigned int count = 0;

	for (*tail = NULL; freelist; freelist = slub_next(s, freelist)) {
		*tail = freelist;
		count++;
	}
	return count;
}

/*
 * A slab stops being a CPU's: the CPU's free objects go in front of the slab's own, and the slab
 * to its node's list: to the tail when others freed into it meanwhile, otherwise to the head. A
 * full slab goes nowhere; an empty one goes back when the node has enough.
 */
void slub_deactivate(struct slub_cache *s, struct page *slab, void *freelist, struct rig_cpu *cpu)
{
	enum slub_position where = READ_ONCE(slab->freelist) ? SLUB_TO_TAIL : SLUB_TO_HEAD;
	struct slub_node *n = slub_node_of(s, slab);
	struct slub_state old, new;
	unsigned int count;
	bool empty, partial;
	void *tail;

	count = list_length(s, freelist, &tail);
	for (;;) {
		old = slub_read(slab);
		new = old;
		if (tail) {
			new.inuse -= count;
			slub_set_next(s, tail, old.freelist);
			new.freelist = freelist;
		}
		new.frozen = 0;
		new.owner = 0;
		empty = !new.inuse &&slub_is_enough(s, n, slab);
		partial = !empty && new.freelist;
		/* Once unfrozen it must be on the list before anyone else may move it. */
		if (partial)
			rig_spin_lock(&n->list_lock);
		if (slub_swap(s, slab, old, new))
			break;
		if (partial)
			rig_spin_unlock(&n->list_lock);
	}
	slub_end_owner(s, old.owner);
	if (partial) {
		slub_add_partial(n, slab, where);
		rig_spin_unlock(&n->list_lock);
	} else if (empty) {
		slub_discard_slab(s, slab, cpu);
	}
}

static void unfreeze(struct slub_cache *s, struct page *slab)
{
	struct slub_state old, new;

	do {
		old = slub_read(slab);
		new = old;
		new.frozen = 0;
		new.owner = 0;
	} while (!slub_swap(s, slab, old, new));
	slub_end_owner(s, old.owner);
}

/* A CPU's partial list, already taken from it, goes to the tails of the nodes' lists. */
void slub_unfreeze_partials(struct slub_cache *s, struct page *partial, struct rig_cpu *cpu)
{
	struct page *discard = NULL;
	struct slub_node *n = NULL;

	while (partial) {
		struct page *slab = partial;
		struct slub_node *owner = slub_node_of(s, slab);

		partial = slab->next;
		if (owner != n) {
			if (n)
				rig_spin_unlock(&n->list_lock);
			n = owner;
			rig_spin_lock(&n->list_lock);
		}
		unfreeze(s, slab);
		if (!slab->inuse && slub_is_enough(s, n, slab)) {
			WRITE_ONCE(slab->next, discard);
			discard = slab;
		} else {
			slub_add_partial(n, slab, SLUB_TO_TAIL);
		}
	}
	if (n)
		rig_spin_unlock(&n->list_lock);
	while (discard) {
		struct page *slab = discard;

		discard = slab->next;
		slub_discard_slab(s, slab, cpu);
	}
}

/*
 * A slab that was just frozen joins the CPU's partial list. @drain: a list that is long enough goes
 * to the node first.
 */
void slub_put_cpu_partial(struct slub_cache *s, struct page *slab, bool drain, struct rig_cpu *cpu)
{
	struct slub_cpu *c = &s->cpu[cpu->id];
	struct page *before, *leaving = NULL;
	int slabs = 0;

	slub_lock_cpu(s, c);
	before = c->partial;
	if (before && drain && before->slabs >= (int)s->cpu_partial_slabs) {
		leaving = before;
		before = NULL;
	} else if (before) {
		slabs = before->slabs;
	}
	slab->slabs = slabs + 1;
	WRITE_ONCE(slab->next, before);
	c->partial = slab;
	slub_unlock_cpu(s, c);
	if (leaving)
		slub_unfreeze_partials(s, leaving, cpu);
}

/*
 * Takes a slab off its node's list and freezes it. @whole: its free objects become the CPU's and
 * are returned; otherwise they stay on the slab's list. NULL: someone freed into it just now.
 */
static void *acquire_slab(struct slub_cache *s, struct slub_node *n, struct page *slab, bool whole,
			  const struct rig_cpu *cpu)
{
	struct slub_state old = slub_read(slab), new = old;

	if (whole) {
		new.inuse = old.objects;
		new.freelist = NULL;
	} else {
		new.owner = slub_new_owner(s, cpu);
	}
	new.frozen = 1;
	if (!slub_swap(s, slab, old, new))
		return NULL;
	slub_remove_partial(n, slab);
	return old.freelist;
}

/*
 * The node's first slab for allocating, and some more for the CPU's partial list. Returns the free
 * objects (debugging: one object), NULL: the node has none.
 */
static void *get_partial_node(struct slub_cache *s, struct slub_node *n, gfp_t gfp,
			      struct page **slab, struct rig_cpu *cpu)
{
	struct page *candidate, *next;
	unsigned int extra = 0;
	void *objects = NULL;

	if (!n || !READ_ONCE(n->nr_partial))
		return NULL;
	rig_spin_lock(&n->list_lock);
	list_for_each_entry_safe (candidate, next, &n->partial, slab_list) {
		void *list;

		if (!slub_pfmemalloc_match(candidate, gfp, cpu))
			continue;
		if (s->debug) {
			objects = slub_alloc_single(s, n, candidate, cpu);
			if (objects)
				break;
			continue;
		}
		list = acquire_slab(s, n, candidate, !objects, cpu);
		if (!list)
			break;
		if (!objects) {
			*slab = candidate;
			objects = list;
		} else {
			slub_put_cpu_partial(s, candidate, false, cpu);
			extra++;
		}
		if (!slub_has_cpu_partial(s) || extra > s->cpu_partial_slabs / 2)
			break;
	}
	rig_spin_unlock(&n->list_lock);
	return objects;
}

/*
 * Other nodes that have more than they need, nearest first. The kernel leaves this out at random
 * 23 times of 1024; that chance is not taken here.
 */
static void *get_any_partial(struct slub_cache *s, int from, gfp_t gfp, struct page **slab,
			     struct rig_cpu *cpu)
{
	struct pglist_data *node = cpu->machine->nodes[from];
	enum zone_type highest = gfp_zone(gfp);

	if (s->nr_nodes < 2 || !node || !node->node_zonelists[ZONELIST_FALLBACK])
		return NULL;
	for (struct zoneref *ref = node->node_zonelists[ZONELIST_FALLBACK]->_zonerefs; ref->zone;
	     ref++) {
		struct slub_node *n = s->node[ref->zone->node];
		void *objects;

		if (ref->zone_idx > (int)highest || !n || n->nr_partial <= s->min_partial)
			continue;
		objects = get_partial_node(s, n, gfp, slab, cpu);
		if (objects)
			return objects;
	}
	return NULL;
}

void *slub_get_partial(struct slub_cache *s, int node, gfp_t gfp, struct page **slab,
		       struct rig_cpu *cpu)
{
	int search = node == NUMA_NO_NODE ? slub_machine(cpu->machine)->mem_node[cpu->id] : node;
	void *objects = get_partial_node(s, s->node[search], gfp, slab, cpu);

	if (objects || node != NUMA_NO_NODE)
		return objects;
	return get_any_partial(s, search, gfp, slab, cpu);
}
