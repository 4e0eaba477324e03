// SPDX-License-Identifier: GPL-2.0-only
/*
 * High memory: pages that no address reaches until they are mapped.
 *
 * kmap() takes one of LAST_PKMAP places that all CPUs share, in turn:
 *
 *	count  0          free
 *	       1          not in use, but what was there is still mapped
 *	       n + 1      in use by n kmaps
 *
 * A place goes from 1 to 0 only when the search for one starts over at place 0 and flushes all of
 * them together. When all are in use the caller sleeps until one is not. page->virtual says where
 * kmap has a page.
 *
 * kmap_local_page() takes the next place of the CPU's own stack and needs no lock; what was mapped
 * last goes first.
 *
 * Invariants: "highmem.virtual" (a mapped page says its place, and no other place has it),
 * "highmem.freed" (no free page is in use by kmap), "highmem.local" (no stack is over-full).
 * highmem->lock guards the pool.
 */
#include <errno.h>
#include <stdlib.h>

#include <kmemrig/context.h>
#include <kmemrig/window.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "private.h"

static unsigned int place_of(const struct rig_highmem *high, const void *address)
{
	return (unsigned int)(((const u8 *)address - high->pool) >> PAGE_SHIFT);
}

/* Everything that is mapped and not in use is no longer mapped. */
static void flush_unused(struct rig_highmem *high)
{
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		if (high->count[i] != 1)
			continue;
		high->count[i] = 0;
		WRITE_ONCE(high->page[i]->virtual, NULL);
		high->page[i] = NULL;
		rig_window_unmap(high->pool + (u64)i * PAGE_SIZE, 1);
	}
}

void rig_kmap_flush_unused(struct rig_machine *machine)
{
	struct rig_highmem *high = machine->highmem;

	if (!high || !high->pool)
		return;
	rig_spin_lock(&high->lock);
	flush_unused(high);
	rig_spin_unlock(&high->lock);
}

/* The next free place after the one taken last, or -1: all are in use. */
static int find_place(struct rig_highmem *high)
{
	for (int looks = LAST_PKMAP; looks > 0; looks--) {
		high->last = (high->last + 1) % LAST_PKMAP;
		if (high->last == 0) {
			flush_unused(high);
			looks = LAST_PKMAP;
		}
		if (high->count[high->last] == 0)
			return (int)high->last;
	}
	return -1;
}

/* Maps a page that is not mapped yet, with count 1; NULL: no place is free now. */
static void *map_new(struct rig_highmem *high, struct page *page)
{
	int place = find_place(high);
	u8 *address;

	if (place < 0)
		return NULL;
	address = high->pool + (u64)place * PAGE_SIZE;
	if (rig_window_map_pages(high->machine, address, page, 1) != 0)
		return NULL;
	high->count[place] = 1;
	high->page[place] = page;
	WRITE_ONCE(page->virtual, address);
	return address;
}

static void *try_kmap(struct rig_highmem *high, struct page *page)
{
	void *address;

	rig_spin_lock(&high->lock);
	address = page->virtual ? page->virtual : map_new(high, page);
	if (address)
		high->count[place_of(high, address)]++;
	rig_spin_unlock(&high->lock);
	return address;
}

void *rig_kmap(struct rig_cpu *cpu, struct page *page)
{
	struct rig_highmem *high = cpu->machine->highmem;
	struct rig_waiter waiter = rig_wait_begin(cpu);
	void *address;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!is_highmem_page(cpu->machine, page))
		return rig_page_address(cpu->machine, page);
	__atomic_fetch_add(&high->wait.waiters, 1, __ATOMIC_ACQ_REL);
	while (!(address = try_kmap(high, page)))
		if (!rig_wait_step(cpu, &waiter))
			break;
	__atomic_fetch_sub(&high->wait.waiters, 1, __ATOMIC_ACQ_REL);
	return address;
}

void rig_kunmap(struct rig_cpu *cpu, struct page *page)
{
	struct rig_highmem *high = cpu->machine->highmem;
	bool good = false, wake = false;
	const void *address;

	rig_might_sleep(cpu, __FILE__, __LINE__);
	if (!is_highmem_page(cpu->machine, page))
		return;
	rig_spin_lock(&high->lock);
	address = page->virtual;
	if (in_pool(high, address) && high->count[place_of(high, address)] > 1) {
		good = true;
		wake = --high->count[place_of(high, address)] == 1;
	}
	rig_spin_unlock(&high->lock);
	if (!good)
		rig_misuse(cpu, "highmem.kunmap", "kunmap of page pfn:%lx that is not kmapped",
			   rig_page_to_pfn(cpu->machine, page));
	if (wake && waitqueue_active(&high->wait))
		wake_up(&high->wait);
}

static u8 *local_address(const struct rig_highmem *high, const struct rig_cpu *cpu,
			 unsigned int depth)
{
	return high->local + ((u64)cpu->id * KM_MAX_IDX + depth) * PAGE_SIZE;
}

static const u8 *page_start(const void *address)
{
	return (const u8 *)((u64)address & PAGE_MASK);
}

void *rig_kmap_local(struct rig_cpu *cpu, struct page *page)
{
	struct rig_highmem *high = cpu->machine->highmem;
	struct local_stack *stack;
	u8 *address;

	if (!is_highmem_page(cpu->machine, page))
		return rig_page_address(cpu->machine, page);
	stack = &high->stacks[cpu->id];
	if (stack->depth == KM_MAX_IDX) {
		rig_misuse(cpu, "highmem.local", "more than %d local mappings on CPU %d",
			   KM_MAX_IDX, cpu->id);
		return NULL;
	}
	address = local_address(high, cpu, stack->depth);
	if (rig_window_map_pages(cpu->machine, address, page, 1) != 0)
		return NULL;
	stack->page[stack->depth++] = page;
	return address;
}

void rig_kunmap_local(struct rig_cpu *cpu, const void *address)
{
	struct rig_highmem *high = cpu->machine->highmem;
	struct local_stack *stack;

	if (!in_local(high, address))
		return; /* lowmem, or kmap's: nothing to undo */
	stack = &high->stacks[cpu->id];
	if (stack->depth == 0 ||
	    local_address(high, cpu, stack->depth - 1) != page_start(address)) {
		rig_misuse(cpu, "highmem.local_order",
			   "kunmap_local of a mapping that is not the last of CPU %d", cpu->id);
		return;
	}
	stack->depth--;
	stack->page[stack->depth] = NULL;
	rig_window_unmap(local_address(high, cpu, stack->depth), 1);
}

struct page *rig_kmap_to_page(struct rig_cpu *cpu, const void *address)
{
	const struct rig_highmem *high = cpu->machine->highmem;
	const struct local_stack *stack;

	if (in_pool(high, address))
		return high->page[place_of(high, address)];
	if (!in_local(high, address))
		return rig_virt_to_page(cpu->machine, address);
	/* Local mappings have no entry in the pool: the stack of their CPU knows them. */
	stack = &high->stacks[cpu->id];
	for (unsigned int i = 0; i < stack->depth; i++)
		if (local_address(high, cpu, i) == page_start(address))
			return (struct page *)stack->page[i];
	return NULL;
}

void *rig_kmapped_address(struct rig_machine *machine, const struct page *page)
{
	return READ_ONCE(((struct page *)page)->virtual);
}

u64 rig_highmem_kernel_address(const struct rig_machine *machine, const void *host)
{
	const struct rig_highmem *high = machine->highmem;

	if (high && in_pool(high, host))
		return RIG_PKMAP_BASE + (u64)((const u8 *)host - high->pool);
	if (high && in_local(high, host))
		return RIG_KMAP_LOCAL_BASE + (u64)((const u8 *)host - high->local);
	return (u64)host;
}

static unsigned long sum_of_highmem(const struct rig_machine *machine,
				    unsigned long (*of)(const struct zone *))
{
	unsigned long sum = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			sum += of(rig_machine_zone(machine, nid, ZONE_HIGHMEM));
	return sum;
}

static unsigned long free_pages_of(const struct zone *zone)
{
	return zone_page_state(zone, NR_FREE_PAGES);
}

unsigned long rig_nr_free_highpages(const struct rig_machine *machine)
{
	return sum_of_highmem(machine, free_pages_of);
}

unsigned long rig_totalhigh_pages(const struct rig_machine *machine)
{
	return sum_of_highmem(machine, zone_managed_pages);
}

int rig_highmem_init(struct rig_machine *machine)
{
	struct rig_highmem *high = calloc(1, sizeof(*high));

	if (!high)
		return -ENOMEM;
	high->machine = machine;
	spin_lock_init(&high->lock);
	init_waitqueue_head(&high->wait);
	machine->highmem = high;
	rig_page_fault_report_install();
	if (machine->max_low_pfn == machine->max_pfn)
		return 0;
	high->pool = rig_window_reserve(LAST_PKMAP * PAGE_SIZE);
	high->local = rig_window_reserve((u64)machine->nr_cpus * KM_MAX_IDX * PAGE_SIZE);
	high->stacks = calloc((size_t)machine->nr_cpus, sizeof(*high->stacks));
	if (high->pool && high->local && high->stacks)
		return 0;
	rig_highmem_fini(machine);
	return -ENOMEM;
}

void rig_highmem_fini(struct rig_machine *machine)
{
	struct rig_highmem *high = machine->highmem;

	if (!high)
		return;
	rig_window_release(high->pool, LAST_PKMAP * PAGE_SIZE);
	rig_window_release(high->local, (u64)machine->nr_cpus * KM_MAX_IDX * PAGE_SIZE);
	free(high->stacks);
	free(high);
	machine->highmem = NULL;
}

bool rig_highmem_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict)
{
	const struct rig_highmem *high = machine->highmem;

	if (!high || !high->pool || tier < 2)
		return true;
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		const struct page *page = high->page[i];

		if ((high->count[i] != 0) != (page != NULL) ||
		    (page && page->virtual != high->pool + (u64)i * PAGE_SIZE))
			return rig_fails(verdict, "highmem.virtual", "place %u, count %d, pfn %lx",
					 i, high->count[i],
					 page ? rig_page_to_pfn(machine, page) : 0);
		if (high->count[i] > 1 && page_count(page) == 0)
			return rig_fails(verdict, "highmem.freed", "place %u, pfn %lx is free", i,
					 rig_page_to_pfn(machine, page));
	}
	for (int id = 0; id < machine->nr_cpus; id++)
		if (high->stacks[id].depth > KM_MAX_IDX)
			return rig_fails(verdict, "highmem.local", "CPU %d: %u mappings", id,
					 high->stacks[id].depth);
	return true;
}
