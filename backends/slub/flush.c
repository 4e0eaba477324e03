// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emptying a cache: CPUs' slabs to the node lists, empty slabs to the page allocator; for shrinking
 * (which also sorts the lists), for the end of a cache and for a CPU that goes
 * (flush_all, __kmem_cache_shrink, __kmem_cache_shutdown in mm/slub.c).
 */
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slub.h"

/* Slabs with at most so many free objects are sorted by shrinking. */
#define SHRINK_PROMOTE_MAX 32

/* Can the host put a barrier into all threads of the process? Asked once. */
bool slub_can_block(void)
{
	static int answer; /* 0: not asked, 1: yes, 2: no */
	int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);

	if (!known) {
		known = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)
				? 2
				: 1;
		__atomic_store_n(&answer, known, __ATOMIC_RELAXED);
	}
	return known == 1;
}

/* Until slub_unblock() the cache has no fast path, and @other is out of it. */
static void slub_block(struct slub_cache *s, const struct rig_cpu *other)
{
	rig_spin_lock(&s->block_lock);
	s->front = s->cache->cpu_lists;
	WRITE_ONCE(s->cache->cpu_lists, NULL);
	WRITE_ONCE(s->open, NULL);
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	while (smp_load_acquire(&other->busy))
		sched_yield();
}

static void slub_unblock(struct slub_cache *s)
{
	smp_store_release(&s->open, (u8 *)s->cpu);
	smp_store_release(&s->cache->cpu_lists, s->front);
	rig_spin_unlock(&s->block_lock);
}

/* After a CPU lost a slab, so many others that it freezes stay without an owner. */
#define UNOWNED_AFTER_LOSS 256

/* The slab may have gone on to another owner meanwhile, who is not blocked. */
static void clear_owner(struct slub_cache *s, struct page *slab, unsigned int owner)
{
	struct slub_state old, new;

	do {
		old = slub_read(slab);
		if (old.owner != owner)
			return;
		new = old;
		new.owner = 0;
	} while (!slub_swap(s, slab, old, new));
	slub_end_owner(s, owner);
}

/* @slab is owned by another CPU than @cpu: from here on it is changed by compare and exchange. */
void slub_disown(struct slub_cache *s, struct page *slab, const struct rig_cpu *cpu)
{
	unsigned int owner = slub_read(slab).owner;
	struct slub_cpu *c;

	if (!owner || owner == (unsigned int)cpu->id + 1)
		return;
	c = &s->cpu[owner - 1];
	rig_spin_lock(&c->lock);
	if (slub_read(slab).owner == owner) {
		slub_block(s, &cpu->machine->cpus[owner - 1]);
		clear_owner(s, slab, owner);
		WRITE_ONCE(c->unowned, UNOWNED_AFTER_LOSS);
		slub_unblock(s);
	}
	rig_spin_unlock(&c->lock);
}

void slub_flush_cpu(struct slub_cache *s, int cpu_id, struct rig_cpu *cpu)
{
	const struct rig_cpu *other = &cpu->machine->cpus[cpu_id];
	bool foreign = s->biased && rig_this_cpu() != other;
	struct slub_cpu *c = &s->cpu[cpu_id];
	struct page *slab, *partial;
	void *freelist = NULL;

	slub_lock_cpu(s, c);
	foreign &= c->slab || c->partial;
	if (foreign)
		slub_block(s, other);
	slab = c->slab;
	if (slab)
		freelist = slub_take_freelist(s, c);
	partial = c->partial;
	c->partial = NULL;
	for (struct page *each = partial; foreign && each; each = each->next)
		clear_owner(s, each, (unsigned int)cpu_id + 1);
	if (foreign)
		slub_unblock(s);
	slub_unlock_cpu(s, c);
	if (slab)
		slub_deactivate(s, slab, freelist, cpu);
	if (partial)
		slub_unfreeze_partials(s, partial, cpu);
}

void slub_flush_all(struct slub_cache *s, struct rig_cpu *cpu)
{
	for (int id = 0; id < s->nr_cpus; id++)
		slub_flush_cpu(s, id, cpu);
}

void slub_cpu_dead(struct kmem_cache *cache, struct rig_cpu *cpu)
{
	slub_flush_cpu(slub_of(cache), cpu->id, cpu);
}

/* Empty slabs off the node's list; those in use are told of, each object. */
static void free_partial(struct slub_cache *s, struct slub_node *n, struct rig_cpu *cpu)
{
	struct page *slab, *next;
	LIST_HEAD(discard);

	rig_spin_lock(&n->list_lock);
	list_for_each_entry_safe (slab, next, &n->partial, slab_list) {
		if (slab->inuse) {
			slub_list_objects(s, slab, "__kmem_cache_shutdown()");
			continue;
		}
		slub_remove_partial(n, slab);
		list_add(&slab->slab_list, &discard);
	}
	rig_spin_unlock(&n->list_lock);
	list_for_each_entry_safe (slab, next, &discard, slab_list)
		slub_discard_slab(s, slab, cpu);
}

bool slub_cache_shutdown(struct kmem_cache *cache)
{
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);
	struct slub_cache *s = slub_of(cache);

	slub_flush_all(s, cpu);
	for (int nid = 0; nid < s->nr_nodes; nid++) {
		struct slub_node *n = s->node[nid];

		if (!n)
			continue;
		free_partial(s, n, cpu);
		if (n->nr_partial || atomic_long_read(&n->nr_slabs))
			return false;
	}
	return true;
}

/* Empty slabs to @discard; the others sorted: fullest first, behind them the emptiest in order. */
static void sort_partial(struct slub_cache *s, struct slub_node *n, struct list_head *discard)
{
	struct list_head promote[SHRINK_PROMOTE_MAX];
	struct page *slab, *next;

	for (int i = 0; i < SHRINK_PROMOTE_MAX; i++)
		INIT_LIST_HEAD(&promote[i]);
	list_for_each_entry_safe (slab, next, &n->partial, slab_list) {
		struct slub_state state = slub_read(slab);
		unsigned int unused = state.objects - state.inuse;

		if (unused == state.objects) {
			list_move(&slab->slab_list, discard);
			WRITE_ONCE(n->nr_partial, n->nr_partial - 1);
			slub_uncount_slab(s, slab);
		} else if (unused <= SHRINK_PROMOTE_MAX) {
			list_move(&slab->slab_list, &promote[unused - 1]);
		}
	}
	for (int i = SHRINK_PROMOTE_MAX - 1; i >= 0; i--)
		list_splice(&promote[i], &n->partial);
}

int slub_cache_shrink(struct kmem_cache *cache)
{
	struct rig_cpu *cpu = rig_kmem_cpu(cache->machine);
	struct slub_cache *s = slub_of(cache);
	struct page *slab, *next;
	int left = 0;

	slub_flush_all(s, cpu);
	for (int nid = 0; nid < s->nr_nodes; nid++) {
		struct slub_node *n = s->node[nid];
		LIST_HEAD(discard);

		if (!n)
			continue;
		rig_spin_lock(&n->list_lock);
		sort_partial(s, n, &discard);
		rig_spin_unlock(&n->list_lock);
		list_for_each_entry_safe (slab, next, &discard, slab_list)
			slub_free_slab(s, slab, cpu);
		if (atomic_long_read(&n->nr_slabs))
			left = 1;
	}
	return left;
}
