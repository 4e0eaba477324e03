// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freeing (do_slab_free, __slab_free in mm/slub.c). An object of the CPU's own slab goes to the
 * head of the CPU's free list. Any other goes to its slab's list by one compare and exchange, and
 * what the slab was decides the rest:
 *
 *	frozen      someone's: nothing more to do
 *	full        it was on no list: the CPU freezes it and puts it on its partial list
 *	partial     stays on the node's list; when it became empty and the node has enough, its
 *	            pages go back
 */
#include "slub.h"

/* The slab became empty and its node keeps enough others. Under the node's lock, which it drops. */
static void free_empty_slab(struct slub_cache *s, struct slub_node *n, struct page *slab,
			    bool on_list, struct rig_cpu *cpu)
{
	if (on_list)
		slub_remove_partial(n, slab);
	rig_spin_unlock(&n->list_lock);
	slub_discard_slab(s, slab, cpu);
}

/* @head .. @tail: @count objects of @slab, linked. */
static noinline void free_slow(struct slub_cache *s, struct page *slab, void *head, void *tail,
			       unsigned int count, struct rig_cpu *cpu)
{
	struct slub_node *n = NULL;
	struct slub_state old, new;
	bool freezes;

	do {
		if (n) {
			rig_spin_unlock(&n->list_lock);
			n = NULL;
		}
		while (unlikely((old = slub_read(slab)).owner &&
				old.owner != (unsigned int)cpu->id + 1))
			slub_disown(s, slab, cpu);
		slub_set_next(s, tail, old.freelist);
		new.freelist = head;
		new.counters = old.counters;
		new.inuse -= count;
		freezes = !old.frozen && !old.freelist;
		if (freezes) {
			new.frozen = 1;
			new.owner = slub_new_owner(s, cpu);
		} else if (!old.frozen && !new.inuse) {
			/* It may leave the node's list: the exchange has to happen under the lock.
			 */
			n = slub_node_of(s, slab);
			rig_spin_lock(&n->list_lock);
		}
	} while (!slub_swap(s, slab, old, new));

	if (freezes) {
		slub_put_cpu_partial(s, slab, true, cpu);
	} else if (n) {
		if (slub_is_enough(s, n, slab))
			free_empty_slab(s, n, slab, true, cpu);
		else
			rig_spin_unlock(&n->list_lock);
	}
}

static __always_inline bool belongs(const struct slub_cache *s, const struct page *slab)
{
	return likely(PageSlab(slab) && slab->slab_cache == s->cache);
}

static __always_inline struct page *slab_of(const struct rig_cpu *cpu, const void *object)
{
	return compound_head(rig_virt_to_page(cpu->machine, object));
}

/* Hardening finds this without debugging: the object is the head of the list it goes to. */
static noinline void free_twice(struct slub_cache *s, struct page *slab, void *object,
				struct rig_cpu *cpu)
{
	rig_misuse(cpu, "slub.double_free", "BUG %s: Object 0x%llx already free", s->cache->name,
		   (unsigned long long)rig_kernel_address(cpu->machine, object));
}

/* One CPU: no one can come in between. @mixed: the cache hardens its free pointers. */
static __always_inline void free_alone(struct kmem_cache *cache, void *object, struct rig_cpu *cpu,
				       bool mixed)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[0];
	struct page *slab = slab_of(cpu, object);
	bool own = slab == c->slab;
	void *next;

	if (unlikely(!own && !belongs(s, slab))) {
		rig_kmem_wrong_cache(cpu, cache, object);
		return;
	}
	if (unlikely(!own && !slab->frozen)) {
		free_slow(s, slab, object, object, 1, cpu);
		return;
	}
	next = own ? c->list.freelist : slab->freelist;
	if (mixed && unlikely(next == object)) {
		free_twice(s, slab, object, cpu);
		return;
	}
	if (mixed)
		slub_set_next(s, object, next);
	else
		rig_write_raw((u8 *)object + s->offset, next);
	if (likely(own)) {
		c->list.freelist = object;
	} else {
		slab->freelist = object;
		slab->counters--; /* inuse: the lowest bits */
	}
}

void slub_free(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	free_alone(cache, object, cpu, false);
}

void slub_free_mixed(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	free_alone(cache, object, cpu, true);
}

/* The same under the CPU's lock, which keeps those away who empty its place. */
static noinline void free_chain_locked(struct slub_cache *s, struct page *slab, void *head,
				       void *tail, unsigned int count, struct rig_cpu *cpu)
{
	struct slub_cpu *c = &s->cpu[cpu->id];
	bool own;

	rig_spin_lock(&c->lock);
	own = slab == c->slab;
	if (own) {
		slub_set_next(s, tail, c->list.freelist);
		c->list.freelist = head;
		c->list.tid += SLUB_TID_STEP;
	}
	rig_spin_unlock(&c->lock);
	if (!own)
		free_slow(s, slab, head, tail, count, cpu);
}

/* @head .. @tail of @slab, linked: to the CPU's list if it is the CPU's slab. */
static __always_inline void free_chain(struct slub_cache *s, struct page *slab, void *head,
				       void *tail, unsigned int count, struct rig_cpu *cpu)
{
	struct slub_cpu *c = &s->cpu[cpu->id];
	unsigned long tid;
	void *freelist;

	if (s->biased) {
		free_chain_locked(s, slab, head, tail, count, cpu);
		return;
	}
	do {
		tid = smp_load_acquire(&c->list.tid);
		if (unlikely(slab != READ_ONCE(c->slab))) {
			free_slow(s, slab, head, tail, count, cpu);
			return;
		}
		freelist = READ_ONCE(c->list.freelist);
		slub_set_next(s, tail, freelist);
		if (!s->smp) {
			c->list.freelist = head;
			c->list.tid = tid + SLUB_TID_STEP;
			return;
		}
	} while (unlikely(!slub_cmpxchg16(&c->list.freelist, (unsigned long)freelist, tid,
					  (unsigned long)head, tid + SLUB_TID_STEP)));
}

static __always_inline void link_before(const struct slub_cache *s, void *object, void *next,
					bool mixed)
{
	if (mixed)
		slub_set_next(s, object, next);
	else
		rig_write_raw((u8 *)object + s->offset, next);
}

static __always_inline bool is_owned_by(const struct page *slab, const struct rig_cpu *cpu)
{
	return READ_ONCE(slab->owner) == (unsigned int)cpu->id + 1;
}

_Static_assert(offsetof(struct page, counters) - offsetof(struct page, freelist) ==
		       offsetof(struct kmem_block_list, in_use),
	       "a slab's list and counters are as the front end knows them");

/* The front end may put the next objects there itself. */
static inline void show_other(const struct slub_cache *s, struct slub_cpu *c, struct page *slab)
{
	c->list.other = (struct kmem_block_list *)&slab->freelist;
	c->list.other_base = (unsigned long)slub_slab_address(s, slab);
	c->list.other_words = slub_slab_words(s, slab);
}

/* See slub_alloc_biased(). */
static __always_inline void free_biased(struct kmem_cache *cache, void *object, struct rig_cpu *cpu,
					bool mixed)
{
	struct slub_cache *s = slub_of(cache);
	struct slub_cpu *c = &s->cpu[cpu->id];
	struct page *slab = slab_of(cpu, object);
	bool own = false, entered = kmem_enter(cpu, &s->open) != NULL;

	if (likely(entered)) {
		own = slab == c->slab;
		if (own) {
			link_before(s, object, c->list.freelist, mixed);
			c->list.freelist = object;
		} else if (likely(is_owned_by(slab, cpu) && slab->slab_cache == cache)) {
			link_before(s, object, READ_ONCE(slab->freelist), mixed);
			WRITE_ONCE(slab->freelist, object);
			WRITE_ONCE(slab->counters, slab->counters - 1); /* inuse: the lowest bits */
			show_other(s, c, slab);
			own = true;
		}
	}
	kmem_leave(cpu);
	if (likely(own))
		return;
	if (unlikely(!belongs(s, slab)))
		rig_kmem_wrong_cache(cpu, cache, object);
	else if (entered)
		free_slow(s, slab, object, object, 1, cpu);
	else
		free_chain_locked(s, slab, object, object, 1, cpu);
}

void slub_free_biased(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	free_biased(cache, object, cpu, false);
}

void slub_free_biased_mixed(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	free_biased(cache, object, cpu, true);
}

void slub_free_smp(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct page *slab = slab_of(cpu, object);

	if (unlikely(slab != READ_ONCE(s->cpu[cpu->id].slab) && !belongs(s, slab)))
		rig_kmem_wrong_cache(cpu, cache, object);
	else
		free_chain(s, slab, object, object, 1, cpu);
}

void slub_free_debug(struct kmem_cache *cache, void *object, struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct page *slab = slab_of(cpu, object);

	if (belongs(s, slab))
		slub_free_single(s, slab, object, cpu);
	else
		rig_kmem_wrong_cache(cpu, cache, object);
}

/* Objects of one slab, linked in memory of their own. */
struct chain {
	struct page *slab;
	void *head, *tail;
	unsigned int count;
};

/*
 * Takes the last object of the array and those of its slab among the ones before it, looking past
 * at most two others (build_detached_freelist). The rest stays in front; returns how many.
 */
static size_t take_chain(struct slub_cache *s, size_t nr, void **objects, struct chain *chain,
			 struct rig_cpu *cpu)
{
	size_t same = nr - 1, i = nr - 1;
	int lookahead = 3;

	chain->head = chain->tail = objects[i];
	chain->slab = slab_of(cpu, objects[i]);
	chain->count = 1;
	slub_set_next(s, objects[i], NULL);
	while (i > 0) {
		void *object = objects[--i];

		if (slab_of(cpu, object) == chain->slab) {
			slub_set_next(s, object, chain->head);
			chain->head = object;
			chain->count++;
			same--;
			if (i != same)
				swap(objects[i], objects[same]);
			continue;
		}
		if (--lookahead == 0)
			break;
	}
	return same;
}

/* The kernel walks the chain once more on its way to the slab, which turns it around. */
static void reverse_chain(const struct slub_cache *s, struct chain *chain)
{
	void *object = chain->head, *last = NULL, *next;
	void *tail = chain->head;

	for (unsigned int i = 0; i < chain->count; i++) {
		next = slub_next(s, object);
		slub_set_next(s, object, last);
		last = object;
		object = next;
	}
	chain->head = last;
	chain->tail = tail;
}

void slub_free_bulk(struct kmem_cache *cache, size_t nr, void **objects, struct rig_cpu *cpu)
{
	struct slub_cache *s = slub_of(cache);
	struct chain chain;

	while (nr > 0) {
		if (s->debug || !belongs(s, slab_of(cpu, objects[nr - 1]))) {
			slub_free_debug(cache, objects[--nr], cpu);
			continue;
		}
		nr = take_chain(s, nr, objects, &chain, cpu);
		reverse_chain(s, &chain);
		free_chain(s, chain.slab, chain.head, chain.tail, chain.count, cpu);
	}
}
