// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of the vmalloc space: which are free, used, or freed lazily.
 *
 * Three trees of spans: a request takes the lowest free span that fits; a span freed stays in the
 * lazy tree (merging with its neighbours there), so that its addresses are not handed out again,
 * until a purge moves all of them to the free tree. A purge comes when a request finds no room,
 * on rig_vm_unmap_aliases, and when more than lazy_max_pages() pages wait.
 *
 * The kernel keeps a span in an object of the cache vmap_area; here it lives in host memory, safe
 * from the code under test, and such an object is allocated and freed beside it at the same
 * moments, so that events and failures are the same. Each CPU keeps one span ready for a split.
 *
 * Invariants: "vmalloc.overlap" (no address in two spans), "vmalloc.merged" (no two free spans
 * touch, nor two lazy ones), "vmalloc.tree" (red-black, in order, each subtree's largest span is
 * noted right), "vmalloc.lazy_count". space->lock guards the trees; objects are allocated outside
 * of it.
 */
#include <errno.h>
#include <stdlib.h>

#include <kmemrig/context.h>
#include <linux/kernel.h>

#include "private.h"

/* 32 MiB for each power of two of CPUs. */
#define LAZY_BYTES_PER_LOG_CPU (32UL << 20)

static struct span *make_span(struct rig_cpu *cpu, gfp_t gfp, int node)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	struct span *span = calloc(1, sizeof(*span));

	if (!span)
		return NULL;
	INIT_LIST_HEAD(&span->list);
	/* A machine that was filled from a recorded state has its cache from there. */
	if (!space->cache)
		space->cache = rig_kmem_cache_find(cpu->machine, "vmap_area");
	if (!space->cache)
		return span;
	span->object = rig_kmem_cache_alloc(cpu, space->cache, gfp, node, _RET_IP_);
	if (span->object)
		return span;
	free(span);
	return NULL;
}

static void free_span(struct rig_cpu *cpu, struct span *span)
{
	if (!span)
		return;
	if (span->object)
		rig_kmem_cache_free(cpu, cpu->machine->vmalloc->cache, span->object, _RET_IP_);
	free(span);
}

/*
 * Puts a span into a tree and merges it with neighbours that it touches. Spans that were merged
 * away go to the list @gone, to be freed outside of the lock.
 */
static struct span *merge_or_add(struct span_tree *tree, struct span *span, struct list_head *gone)
{
	struct span *next = tree->root, *below = NULL, *above = NULL;

	while (next) {
		if (span->end <= next->start) {
			above = next;
			next = next->left;
		} else {
			below = next;
			next = next->right;
		}
	}
	if (above && above->start == span->end) {
		above->start = span->start;
		list_add_tail(&span->list, gone);
		span = above;
	}
	if (below && below->end == span->start) {
		/* The upper neighbour leaves the tree first, as in the kernel. */
		if (span == above)
			span_erase(tree, span);
		below->end = span->end;
		list_add_tail(&span->list, gone);
		span = below;
	}
	if (span == above || span == below)
		span_resized(span);
	else if (!span_insert(tree, span))
		return NULL;
	return span;
}

static void free_all(struct rig_cpu *cpu, struct list_head *gone)
{
	while (!list_empty(gone)) {
		struct span *span = container_of(gone->next, struct span, list);

		list_del_init(&span->list);
		free_span(cpu, span);
	}
}

static unsigned long lazy_max_pages(const struct rig_machine *machine)
{
	unsigned int online = 0;

	for (int id = 0; id < machine->nr_cpus; id++)
		online += machine->cpus[id].online;
	return (unsigned long)fls(online) * (LAZY_BYTES_PER_LOG_CPU / PAGE_SIZE);
}

void space_purge(struct rig_cpu *cpu)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	LIST_HEAD(gone);

	rig_spin_lock(&space->lock);
	while (!list_empty(&space->lazy.list)) {
		struct span *span = container_of(space->lazy.list.next, struct span, list);

		span_erase(&space->lazy, span);
		space->nr_lazy_pages -= span_size(span) >> PAGE_SHIFT;
		merge_or_add(&space->free, span, &gone);
	}
	rig_spin_unlock(&space->lock);
	free_all(cpu, &gone);
}

void rig_vmalloc_settle(struct rig_cpu *cpu)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;

	space_purge(cpu);
	for (int id = 0; id < RIG_NR_CPUS; id++) {
		free_span(cpu, space->preload[id]);
		space->preload[id] = NULL;
	}
}

void space_free_lazily(struct rig_cpu *cpu, struct span *span)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	LIST_HEAD(gone);
	bool many;

	rig_spin_lock(&space->lock);
	span_erase(&space->busy, span);
	span->vm = NULL;
	space->nr_lazy_pages += span_size(span) >> PAGE_SHIFT;
	merge_or_add(&space->lazy, span, &gone);
	many = space->nr_lazy_pages > lazy_max_pages(cpu->machine);
	rig_spin_unlock(&space->lock);
	free_all(cpu, &gone);
	/* The kernel queues work, which runs as soon as it may: here, at once where it may. */
	if (many && rig_may_sleep(cpu))
		space_purge(cpu);
	else if (many)
		rig_work_queue(cpu, &space->drain_work);
}

/* Takes [start, start + size) out of a free span. @spare serves a split in the middle. */
static bool carve(struct rig_vmalloc *space, struct span *from, u64 start, u64 size,
		  struct span **spare, struct list_head *gone)
{
	u64 end = start + size;

	if (from->start == start && from->end == end) {
		span_erase(&space->free, from);
		list_add_tail(&from->list, gone);
	} else if (from->start == start) {
		from->start = end;
		span_resized(from);
	} else if (from->end == end) {
		from->end = start;
		span_resized(from);
	} else {
		struct span *lower = *spare;

		if (!lower)
			return false;
		*spare = NULL;
		lower->start = from->start;
		lower->end = start;
		from->start = end;
		span_resized(from);
		span_insert(&space->free, lower);
	}
	return true;
}

/* Finds room and takes it; 0: there is none. */
static u64 take_lowest(struct rig_vmalloc *space, u64 size, u64 align, struct span **spare,
		       struct list_head *gone)
{
	u64 window_end = RIG_VMALLOC_START + space->machine->vmalloc_size;
	bool adjusted = align > PAGE_SIZE;
	struct span *span = span_lowest_fit(&space->free, size, align, RIG_VMALLOC_START, adjusted);
	u64 start;

	if (!span)
		return 0;
	start = ALIGN(max(span->start, RIG_VMALLOC_START), align);
	if (start + size > min(window_end, RIG_VMALLOC_END))
		return 0;
	return carve(space, span, start, size, spare, gone) ? start : 0;
}

/* One try, with a span ready for a split. */
static bool try_alloc(struct rig_cpu *cpu, struct span *span, u64 size, u64 align, int node,
		      gfp_t gfp)
{
	struct rig_vmalloc *space = cpu->machine->vmalloc;
	struct span *made = NULL;
	LIST_HEAD(gone);
	u64 start;

	if (!space->preload[cpu->id])
		made = make_span(cpu, gfp, node);
	rig_spin_lock(&space->lock);
	if (made && !space->preload[cpu->id]) {
		space->preload[cpu->id] = made;
		made = NULL;
	}
	start = take_lowest(space, size, align, &space->preload[cpu->id], &gone);
	if (start) {
		span->start = start;
		span->end = start + size;
		span_insert(&space->busy, span);
	}
	rig_spin_unlock(&space->lock);
	free_span(cpu, made);
	free_all(cpu, &gone);
	return start != 0;
}

struct span *space_alloc(struct rig_cpu *cpu, u64 size, u64 align, int node, gfp_t gfp)
{
	struct span *span;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	gfp &= RECLAIM_MASK;
	span = make_span(cpu, gfp, node);
	if (!span)
		return NULL;
	if (try_alloc(cpu, span, size, align, node, gfp))
		return span;
	space_purge(cpu);
	if (try_alloc(cpu, span, size, align, node, gfp))
		return span;
	if (!(gfp & __GFP_NOWARN))
		rig_log(cpu->machine,
			"vmap allocation for size %llu failed: use vmalloc=<size> to increase size",
			(unsigned long long)size);
	free_span(cpu, span);
	return NULL;
}

int space_occupy(struct rig_vmalloc *space, u64 start, u64 end)
{
	struct span *spare = calloc(1, sizeof(*spare)), *span = calloc(1, sizeof(*span));
	struct span *from;
	LIST_HEAD(gone);
	int code = -EBUSY;

	if (!spare || !span) {
		free(spare);
		free(span);
		return -ENOMEM;
	}
	INIT_LIST_HEAD(&spare->list);
	INIT_LIST_HEAD(&span->list);
	rig_spin_lock(&space->lock);
	from = span_find(&space->free, start);
	if (from && from->end >= end) {
		carve(space, from, start, end - start, &spare, &gone);
		span->start = start;
		span->end = end;
		span_insert(&space->busy, span);
		code = 0;
	}
	rig_spin_unlock(&space->lock);
	if (code)
		free(span);
	free(spare);
	free_all(&space->machine->cpus[0], &gone);
	return code;
}

int space_init(struct rig_vmalloc *space)
{
	struct span *all = make_span(&space->machine->cpus[0], GFP_NOWAIT, NUMA_NO_NODE);

	if (!all)
		return -ENOMEM;
	span_tree_init(&space->free);
	span_tree_init(&space->busy);
	span_tree_init(&space->lazy);
	/* All addresses but 0 are free at first; requests say from where on. */
	all->start = 1;
	all->end = ~0UL;
	span_insert(&space->free, all);
	return 0;
}

static void end_tree(struct span_tree *tree)
{
	while (!list_empty(&tree->list)) {
		struct span *span = container_of(tree->list.next, struct span, list);

		list_del_init(&span->list);
		free(span);
	}
}

void space_fini(struct rig_vmalloc *space)
{
	end_tree(&space->free);
	end_tree(&space->busy);
	end_tree(&space->lazy);
	for (int id = 0; id < RIG_NR_CPUS; id++)
		free(space->preload[id]);
}

static bool check_tree(struct span_tree *tree, bool merged, const char *name,
		       struct rig_verdict *verdict)
{
	const struct span *before = NULL;
	unsigned long nr = 0;
	struct span *span;

	if (!span_tree_is_sound(tree))
		return rig_fails(verdict, "vmalloc.tree", "the tree of %s spans", name);
	list_for_each_entry (span, &tree->list, list) {
		nr++;
		if (before && before->end > span->start)
			return rig_fails(verdict, "vmalloc.overlap", "%s %#llx and %#llx", name,
					 (unsigned long long)before->start,
					 (unsigned long long)span->start);
		if (merged && before && before->end == span->start)
			return rig_fails(verdict, "vmalloc.merged", "%s %#llx", name,
					 (unsigned long long)span->start);
		before = span;
	}
	if (nr != tree->nr)
		return rig_fails(verdict, "vmalloc.tree", "%lu %s spans in the list, %lu counted",
				 nr, name, tree->nr);
	return true;
}

/* Every address is in exactly one of the three trees: walk them as one. */
static bool check_cover(struct rig_vmalloc *space, struct rig_verdict *verdict)
{
	u64 at = 1;

	while (at < ~0UL) {
		const struct span *span = span_find(&space->free, at);

		if (!span)
			span = span_find(&space->busy, at);
		if (!span)
			span = span_find(&space->lazy, at);
		if (!span || span->start != at)
			return rig_fails(verdict, "vmalloc.overlap", "%#llx is %s",
					 (unsigned long long)at,
					 span ? "in two spans" : "in no span");
		at = span->end;
	}
	return true;
}

bool space_check(struct rig_vmalloc *space, struct rig_verdict *verdict)
{
	unsigned long lazy = 0;
	struct span *span;

	if (!check_tree(&space->free, true, "free", verdict) ||
	    !check_tree(&space->busy, false, "busy", verdict) ||
	    !check_tree(&space->lazy, true, "lazy", verdict) || !check_cover(space, verdict))
		return false;
	list_for_each_entry (span, &space->lazy.list, list)
		lazy += span_size(span) >> PAGE_SHIFT;
	if (lazy != space->nr_lazy_pages)
		return rig_fails(verdict, "vmalloc.lazy_count", "%lu pages wait, %lu counted", lazy,
				 space->nr_lazy_pages);
	return true;
}
