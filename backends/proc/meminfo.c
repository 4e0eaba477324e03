// SPDX-License-Identifier: GPL-2.0-only
/* /proc/meminfo. */
#include <kmemrig/vmalloc.h>

#include "proc.h"

static void show(FILE *out, const char *name, unsigned long pages)
{
	fprintf(out, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static unsigned long slab_pages(const struct rig_machine *machine, bool reclaimable)
{
	unsigned long sum = 0;

	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (machine->nodes[nid])
			sum += proc_slab_pages(machine, nid, reclaimable);
	return sum;
}

/* What new users could have without swapping (si_mem_available). */
static unsigned long mem_available(const struct rig_machine *machine, unsigned long free_pages,
				   unsigned long cache, unsigned long reclaimable)
{
	unsigned long low = 0;
	long available = (long)free_pages - (long)rig_totalreserve_pages(machine);

	for_each_proc_zone(machine, nid, type, zone) low += low_wmark_pages(zone);
	available += (long)(cache - min(cache / 2, low));
	available += (long)(reclaimable - min(reclaimable / 2, low));
	return available < 0 ? 0 : (unsigned long)available;
}

void proc_meminfo(struct rig_machine *machine, FILE *out)
{
	static const char *const none[] = { "NFS_Unstable:", "Bounce:", "WritebackTmp:" };
	unsigned long total = (unsigned long)atomic_long_read(&machine->totalram_pages);
	unsigned long free_pages = proc_zone_sum(machine, NR_FREE_PAGES);
	unsigned long cache = proc_zone_sum(machine, NR_ZONE_INACTIVE_FILE);
	unsigned long reclaimable = slab_pages(machine, true), other = slab_pages(machine, false);

	show(out, "MemTotal:", total);
	show(out, "MemFree:", free_pages);
	show(out, "MemAvailable:", mem_available(machine, free_pages, cache, reclaimable));
	show(out, "Buffers:", 0);
	show(out, "Cached:", cache);
	show(out, "SwapCached:", 0);
	show(out, "Active:", 0);
	show(out, "Inactive:", cache);
	show(out, "Active(anon):", 0);
	show(out, "Inactive(anon):", 0);
	show(out, "Active(file):", 0);
	show(out, "Inactive(file):", cache);
	show(out, "Unevictable:", 0);
	show(out, "Mlocked:", 0);
	show(out, "SwapTotal:", 0);
	show(out, "SwapFree:", 0);
	show(out, "Dirty:", 0);
	show(out, "Writeback:", 0);
	show(out, "AnonPages:", 0);
	show(out, "Mapped:", 0);
	show(out, "Shmem:", 0);
	show(out, "KReclaimable:", reclaimable);
	show(out, "Slab:", reclaimable + other);
	show(out, "SReclaimable:", reclaimable);
	show(out, "SUnreclaim:", other);
	show(out, "KernelStack:", 0);
	show(out, "PageTables:", 0);
	show(out, "SecPageTables:", 0);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		show(out, none[i], 0);
	show(out, "CommitLimit:", total / 2);
	show(out, "Committed_AS:", 0);
	fprintf(out, "VmallocTotal:   34359738367 kB\n");
	show(out, "VmallocUsed:", machine->vmalloc ? rig_vmalloc_nr_pages(machine) : 0);
	show(out, "VmallocChunk:", 0);
	show(out, "Percpu:", 0);
	if (machine->huge_pages) {
		show(out, "CmaTotal:", 0);
		show(out, "CmaFree:", proc_zone_sum(machine, NR_FREE_CMA_PAGES));
	}
	show(out, "DirectMap4k:", 0);
	show(out, "DirectMap2M:", machine->max_low_pfn);
}
