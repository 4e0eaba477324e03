/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share: the mappings of one machine's highmem. */
#ifndef RIG_HIGHMEM_PRIVATE_H
#define RIG_HIGHMEM_PRIVATE_H

#include <kmemrig/highmem.h>
#include <kmemrig/machine.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct local_stack {
	unsigned int depth;
	const struct page *page[KM_MAX_IDX];
};

struct rig_highmem {
	struct rig_machine *machine;
	spinlock_t lock; /* of the pool */
	u8 *pool;	 /* LAST_PKMAP pages of the host; NULL: the machine has no highmem */
	u8 *local;	 /* KM_MAX_IDX pages a CPU */
	/* 0: free; 1: free but still mapped, until the next flush; above: kmaps + 1 */
	int count[LAST_PKMAP];
	struct page *page[LAST_PKMAP];
	unsigned int last; /* place that was taken last */
	wait_queue_head_t wait;
	struct local_stack *stacks; /* [nr_cpus]; each touched by its CPU only */
};

static inline bool is_highmem_page(const struct rig_machine *machine, const struct page *page)
{
	return rig_page_to_pfn(machine, page) >= machine->max_low_pfn;
}

static inline bool in_pool(const struct rig_highmem *high, const void *address)
{
	return high->pool && (u64)((const u8 *)address - high->pool) < LAST_PKMAP * PAGE_SIZE;
}

static inline bool in_local(const struct rig_highmem *high, const void *address)
{
	return high->local && (u64)((const u8 *)address - high->local) <
				      (u64)high->machine->nr_cpus * KM_MAX_IDX * PAGE_SIZE;
}

#endif
