// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving a page of the simulated page cache: off the LRU, its contents and state to another page,
 * which joins the LRU as its youngest, as in the kernel (migrate_pages, putback_movable_pages).
 *
 * Locking: front->lru_lock for the LRU.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compact.h"

/* High memory is not mapped: by way of the file that all memory is in. */
static void copy_high_page(const struct rig_machine *machine, unsigned long to, unsigned long from)
{
	u8 bytes[PAGE_SIZE];

	if (pread(machine->memory_fd, bytes, PAGE_SIZE, (off_t)(from << PAGE_SHIFT)) != PAGE_SIZE ||
	    pwrite(machine->memory_fd, bytes, PAGE_SIZE, (off_t)(to << PAGE_SHIFT)) != PAGE_SIZE)
		abort(); /* the host has no memory for a page */
}

static void copy_page(const struct rig_machine *machine, struct page *to, const struct page *from)
{
	unsigned long to_pfn = rig_page_to_pfn(machine, to);
	unsigned long from_pfn = rig_page_to_pfn(machine, from);

	if (max(to_pfn, from_pfn) < machine->max_low_pfn)
		memcpy(rig_page_address(machine, to), rig_page_address(machine, from), PAGE_SIZE);
	else
		copy_high_page(machine, to_pfn, from_pfn);
}

bool migrate_to(struct rig_cpu *cpu, struct page *page, struct page *target)
{
	struct rig_page_front *front = cpu->machine->page_front;

	if (page_ref_count(page) != 1)
		return false;
	copy_page(cpu->machine, target, page);
	if (PageDirty(page))
		SetPageDirty(target);
	ClearPageDirty(page);
	rig_spin_lock(&front->lru_lock);
	lru_link(cpu->machine, target);
	rig_spin_unlock(&front->lru_lock);
	if (front->moved)
		front->moved(cpu, page, target, front->moved_data);
	rig_free_pages(cpu, page, 0);
	return true;
}

void rig_lru_on_move(struct rig_machine *machine,
		     void (*moved)(struct rig_cpu *cpu, struct page *from, struct page *to,
				   void *data),
		     void *data)
{
	machine->page_front->moved = moved;
	machine->page_front->moved_data = data;
}
