// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following a trace of objects; see kmemrig/restore.h. Undoing an allocation, taking the traced
 * object, and what a trace tells of slabs: whose partial list one is on, and whether an empty one
 * is kept.
 *
 * Locking: none; a replay is one thread.
 */
#include <kmemrig/restore.h>

#include "slub.h"

static struct page *slab_of(const struct rig_machine *machine, const void *object)
{
	struct page *page;

	if ((unsigned long)((const u8 *)object - machine->direct_map) >= machine->max_low_pfn
										 << PAGE_SHIFT)
		return NULL;
	page = compound_head(rig_virt_to_page(machine, object));
	return PageSlab(page) ? page : NULL;
}

/* The CPU whose slab it is; NULL: none's. */
static struct slub_cpu *cpu_of(struct slub_cache *s, const struct page *slab)
{
	for (int cpu = 0; cpu < s->nr_cpus; cpu++)
		if (s->cpu[cpu].slab == slab)
			return &s->cpu[cpu];
	return NULL;
}

void rig_object_put_back(struct rig_cpu *cpu, struct kmem_cache *cache, void *object)
{
	struct page *slab = slab_of(cpu->machine, object);
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = cpu_of(s, slab);

	rig_kmem_set_live(cpu->machine, object, false);
	if (c) {
		slub_set_next(s, object, c->list.freelist);
		c->list.freelist = object;
		c->list.tid += SLUB_TID_STEP;
		return;
	}
	s->cache->free(s->cache, object, cpu);
}

/* Takes @object out of the list at @head. */
static bool unlink_object(const struct slub_cache *s, void **head, const void *object)
{
	void *before = NULL;

	for (void *at = *head; at; before = at, at = slub_next(s, at)) {
		if (at != object)
			continue;
		if (before)
			slub_set_next(s, before, slub_next(s, at));
		else
			*head = slub_next(s, at);
		return true;
	}
	return false;
}

void *rig_object_take(struct rig_cpu *cpu, struct kmem_cache *cache, void *object)
{
	struct page *slab = slab_of(cpu->machine, object);
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c;
	void *freelist;

	if (!slab || slab->slab_cache != cache || rig_kmem_is_live(cpu->machine, object))
		return NULL;
	c = cpu_of(s, slab);
	if (!c || !unlink_object(s, &c->list.freelist, object)) {
		freelist = slab->freelist;
		if (!unlink_object(s, &freelist, object))
			return NULL;
		slab->freelist = freelist;
		slab->inuse++;
		/* A slab without free objects is on no node's list. */
		if (!slab->freelist && !slab->frozen)
			slub_remove_partial(slub_node_of(s, slab), slab);
	}
	rig_kmem_set_live(cpu->machine, object, true);
	return object;
}

void *rig_object_next(struct rig_cpu *cpu, struct kmem_cache *cache)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	struct slub_node *n = s->node[slub_machine(cpu->machine)->mem_node[cpu->id]];

	if (c->list.freelist)
		return c->list.freelist;
	if (c->slab && c->slab->freelist)
		return c->slab->freelist;
	for (struct page *slab = c->partial; slab; slab = slab->next)
		if (slab->freelist)
			return slab->freelist;
	if (n && !list_empty(&n->partial))
		return list_first_entry(&n->partial, struct page, slab_list)->freelist;
	return NULL;
}

void rig_slab_on_empty(struct rig_machine *machine, rig_slab_verdict verdict, void *data)
{
	struct slub_machine *m = slub_machine(machine);

	m->on_empty = verdict;
	m->on_empty_data = data;
}

bool slub_is_enough(const struct slub_cache *s, const struct slub_node *n, struct page *slab)
{
	const struct slub_machine *m = slub_machine(s->cache->machine);
	bool enough = READ_ONCE(n->nr_partial) >= s->min_partial;

	if (likely(!m->on_empty))
		return enough;
	return m->on_empty(m->on_empty_data, s->cache, rig_page_to_pfn(s->cache->machine, slab),
			   enough);
}

/* Takes the slab off a CPU's partial list; those before it have one less after them. */
static bool leave_cpu_partial(struct slub_cache *s, struct slub_cpu *c, struct page *slab)
{
	struct page **link = &c->partial;

	while (*link && *link != slab)
		link = &(*link)->next;
	if (!*link)
		return false;
	*link = slab->next;
	for (struct page *before = c->partial; before != slab->next; before = before->next)
		before->slabs--;
	slab->next = NULL;
	slub_end_owner(s, slab->owner);
	slab->owner = 0;
	return true;
}

bool rig_slab_adopt(struct rig_cpu *cpu, struct kmem_cache *cache, const void *object)
{
	struct page *slab = slab_of(cpu->machine, object);
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];

	if (!slab || slab->slab_cache != cache || c->list.freelist ||
	    (c->slab && c->slab->freelist))
		return false;
	for (int other = 0; other < s->nr_cpus; other++) {
		if (other == cpu->id || !leave_cpu_partial(s, &s->cpu[other], slab))
			continue;
		slub_put_cpu_partial(s, slab, false, cpu);
		return true;
	}
	return false;
}

bool rig_slab_give_back(struct rig_cpu *cpu, unsigned long pfn)
{
	struct page *slab = rig_pfn_to_page(cpu->machine, pfn);
	struct slub_cache *s;

	if (!PageSlab(slab) || PageTail(slab) || !slab->slab_cache)
		return false;
	s = slub_of(slab->slab_cache);
	for (int i = 0; i < s->nr_cpus; i++)
		if (s->cpu[i].slab == slab) {
			slub_deactivate(s, slab, slub_take_freelist(s, &s->cpu[i]), cpu);
			/* empty, it may be gone by that */
			if (!PageSlab(slab))
				return true;
			break;
		}
	if (slab->inuse)
		return false;
	for (int i = 0; i < s->nr_cpus; i++)
		if (leave_cpu_partial(s, &s->cpu[i], slab)) {
			slub_discard_slab(s, slab, cpu);
			return true;
		}
	slub_remove_partial(slub_node_of(s, slab), slab);
	slub_discard_slab(s, slab, cpu);
	return true;
}
