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

/* Until slub_unblock() the CPU has no fast path. Under its lock; not by the CPU itself. */
static void slub_block(struct slub_cpu *c)
{
	WRITE_ONCE(c->blocked, 1);
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	while (smp_load_acquire(&c->busy))
		sched_yield();
}

static void slub_unblock(struct slub_cpu *c)
{
	smp_store_release(&c->blocked, 0);
}

void slub_flush_cpu(struct slub_cache *s, int cpu_id, struct rig_cpu *cpu)
{
	bool foreign = s->biased && rig_this_cpu() != &cpu->machine->cpus[cpu_id];
	struct slub_cpu *c = &s->cpu[cpu_id];
	struct page *slab, *partial;
	void *freelist = NULL;

	slub_lock_cpu(s, c);
	foreign &= c->slab || c->partial;
	if (foreign)
		slub_block(c);
	slab = c->slab;
	if (slab)
		freelist = slub_take_freelist(s, c);
	partial = c->partial;
	c->partial = NULL;
	if (foreign)
		slub_unblock(c);
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
