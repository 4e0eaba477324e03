// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's view of mapped page frames: a page of a window is the machine's memory file at the
 * frame's physical address, mapped shared, so that it and the direct map are the same memory.
 * What is not mapped stays reserved without access, so that a touch faults.
 */
#include <errno.h>
#include <sys/mman.h>

#include <kmemrig/machine.h>
#include <kmemrig/window.h>

int rig_window_map_pages(struct rig_machine *machine, void *at, const struct page *page,
			 unsigned long nr_pages)
{
	off_t physical = (off_t)PFN_PHYS(rig_page_to_pfn(machine, page));
	void *mapped = mmap(at, nr_pages << PAGE_SHIFT, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED | MAP_NORESERVE, machine->memory_fd, physical);

	return mapped == MAP_FAILED ? -errno : 0;
}

void rig_window_unmap(void *at, unsigned long nr_pages)
{
	/* Cannot fail but for the host's limit of mappings; then what was there stays. */
	if (mmap(at, nr_pages << PAGE_SHIFT, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		munmap(at, nr_pages << PAGE_SHIFT);
}
