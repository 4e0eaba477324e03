// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watermarks: how far a zone may be drained, and by whom. From min_free_kbytes and
 * watermark_scale_factor come min, low and high; below low kswapd is woken, below min only those
 * with rights to reserves are served. lowmem_reserve keeps a zone from being used up by requests
 * that could be served from higher ones.
 *
 * NR_FREE_PAGES lags: each CPU keeps up to stat_threshold pages to itself (buddy.c), as in the
 * kernel, and the checks use the lagging value.
 */
#include "internal.h"

long zone_unusable_free(const struct zone *zone, unsigned int order, unsigned int alloc_flags)
{
	long unusable = (1L << order) - 1;

	/* without rights to reserves, those for high-order atomic requests do not count */
	if (likely(!(alloc_flags & ALLOC_RESERVES)))
		unusable += (long)READ_ONCE(zone->nr_reserved_highatomic);
	if (!(alloc_flags & ALLOC_CMA))
		unusable += (long)zone_page_state(zone, NR_FREE_CMA_PAGES);
	return unusable;
}

long zone_reduced_min(long min, unsigned int alloc_flags)
{
	if (alloc_flags & ALLOC_MIN_RESERVE) {
		min -= min / 2;
		if (alloc_flags & ALLOC_NON_BLOCK)
			min -= min / 4;
	}
	if (alloc_flags & ALLOC_OOM)
		min -= min / 2;
	return min;
}

static bool block_is_free(const struct zone *zone, unsigned int order, unsigned int alloc_flags)
{
	for (; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];

		if (!READ_ONCE(area->nr_free))
			continue;
		for (int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
			if (!free_area_empty(area, mt))
				return true;
		if ((alloc_flags & ALLOC_CMA) && !free_area_empty(area, MIGRATE_CMA))
			return true;
		if ((alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM)) &&
		    !free_area_empty(area, MIGRATE_HIGHATOMIC))
			return true;
	}
	return false;
}

/* __zone_watermark_ok: with @free_pages free, is the zone above @mark after such a request? */
bool zone_watermark_ok_free(const struct zone *zone, unsigned int order, unsigned long mark,
			    int highest_zoneidx, unsigned int alloc_flags, long free_pages)
{
	long min = (long)mark;

	free_pages -= zone_unusable_free(zone, order, alloc_flags);
	if (unlikely(alloc_flags & ALLOC_RESERVES))
		min = zone_reduced_min(min, alloc_flags);
	if (free_pages <= min + zone->lowmem_reserve[highest_zoneidx])
		return false;
	return !order || block_is_free(zone, order, alloc_flags);
}

bool zone_watermark_ok(const struct zone *zone, unsigned int order, unsigned long mark,
		       int highest_zoneidx, unsigned int alloc_flags)
{
	return zone_watermark_ok_free(zone, order, mark, highest_zoneidx, alloc_flags,
				      (long)zone_page_state(zone, NR_FREE_PAGES));
}

/* NR_FREE_PAGES with what the CPUs keep to themselves (zone_page_state_snapshot). */
unsigned long zone_free_snapshot(const struct zone *zone)
{
	long pages = atomic_long_read(&zone->vm_stat[NR_FREE_PAGES]);

	for (int cpu = 0; cpu < zone->machine->nr_cpus; cpu++)
		pages += READ_ONCE(zone_extra(zone)->stats[cpu].free_diff);
	return pages < 0 ? 0 : (unsigned long)pages;
}

bool zone_watermark_ok_safe(const struct zone *zone, unsigned int order, unsigned long mark,
			    int highest_zoneidx)
{
	unsigned long pages = zone_page_state(zone, NR_FREE_PAGES);
	unsigned long drift = zone_extra(zone)->percpu_drift_mark;

	if (drift && pages < drift)
		pages = zone_free_snapshot(zone);
	return zone_watermark_ok_free(zone, order, mark, highest_zoneidx, 0, (long)pages);
}

/* The same with a short cut for single pages. */
bool zone_watermark_fast(const struct zone *zone, unsigned int order, unsigned long mark,
			 int highest_zoneidx, unsigned int alloc_flags, gfp_t gfp)
{
	long free_pages = (long)zone_page_state(zone, NR_FREE_PAGES);

	if (!order) {
		long usable = free_pages, reserved = zone_unusable_free(zone, 0, alloc_flags);

		/* the reserve may be counted too high: not below zero */
		usable -= min(usable, reserved);
		if (usable > (long)mark + zone->lowmem_reserve[highest_zoneidx])
			return true;
	}
	if (zone_watermark_ok_free(zone, order, mark, highest_zoneidx, alloc_flags, free_pages))
		return true;
	/* Single pages for GFP_ATOMIC are measured against min without its boost. */
	if (unlikely(!order && (gfp & __GFP_ATOMIC) && READ_ONCE(zone->watermark_boost) &&
		     (alloc_flags & ALLOC_WMARK_MASK) == ALLOC_WMARK_MIN))
		return zone_watermark_ok_free(zone, order, zone->_watermark[WMARK_MIN],
					      highest_zoneidx, alloc_flags, free_pages);
	return false;
}

/* --- setting up */

static int nr_online_cpus(const struct rig_machine *machine, int nid)
{
	int nr = 0;

	for (int id = 0; id < machine->nr_cpus; id++)
		if (machine->cpus[id].online &&
		    (nid == NUMA_NO_NODE || machine->cpus[id].nid == nid))
			nr++;
	return nr;
}

/* About 0.1 % of the zone or 1 MiB, less one from a power of two (zone_batchsize). */
static int zone_batchsize(const struct zone *zone)
{
	int batch = (int)min(zone_managed_pages(zone) >> 10, (1UL << 20) / PAGE_SIZE) / 4;

	batch = max(batch, 1);
	return (int)rounddown_pow_of_two((unsigned long)(batch + batch / 2)) - 1;
}

/* Full lists on all CPUs of the node may not bring it below the low watermark. */
static int zone_highsize(const struct zone *zone, int batch)
{
	unsigned int fraction = zone->machine->percpu_pagelist_high_fraction;
	int cpus = nr_online_cpus(zone->machine, zone->node);
	unsigned long pages =
		fraction ? zone_managed_pages(zone) / fraction : low_wmark_pages(zone);

	if (!cpus)
		cpus = nr_online_cpus(zone->machine, NUMA_NO_NODE);
	return max((int)(pages / (unsigned long)(cpus ? cpus : 1)), batch << 2);
}

void zone_pcp_update(struct zone *zone)
{
	int batch = max(1, zone_batchsize(zone));
	int high = zone_highsize(zone, batch);

	zone->pageset_batch = batch;
	zone->pageset_high = high;
	if (!zone->per_cpu_pageset) /* not our backend */
		return;
	for (int cpu = 0; cpu < zone->machine->nr_cpus; cpu++) {
		WRITE_ONCE(zone->per_cpu_pageset[cpu].batch, batch);
		WRITE_ONCE(zone->per_cpu_pageset[cpu].high, high);
	}
}

void refresh_zone_stat_thresholds(struct rig_machine *machine)
{
	int cpus = nr_online_cpus(machine, NUMA_NO_NODE);
	struct zone *zone;

	for_each_populated_zone(machine, zone)
	{
		u64 units = zone_managed_pages(zone) >> (27 - PAGE_SHIFT); /* of 128 MiB */
		int threshold = min(125, 2 * fls((unsigned int)cpus) * (1 + fls64(units)));
		unsigned long drift = (unsigned long)(cpus * threshold);

		if (!zone_extra(zone)) /* not our backend */
			continue;
		for (int cpu = 0; cpu < machine->nr_cpus; cpu++)
			zone_extra(zone)->stats[cpu].stat_threshold = (s8)threshold;
		zone_extra(zone)->percpu_drift_mark =
			drift > low_wmark_pages(zone) - min_wmark_pages(zone)
				? high_wmark_pages(zone) + drift
				: 0;
	}
}

static unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << (__fls(x | 1) & ~1UL); bit; bit >>= 2) {
		unsigned long sum = root + bit;

		root >>= 1;
		if (x >= sum) {
			x -= sum;
			root += bit;
		}
	}
	return root;
}

/* Pages of the zones that kernel data may use, above their high watermarks. */
unsigned long nr_free_buffer_pages(const struct rig_machine *machine)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone(machine, zone)
	{
		unsigned long size = zone_managed_pages(zone), high = high_wmark_pages(zone);

		if (zone_idx(zone) <= ZONE_NORMAL && size > high)
			sum += size - high;
	}
	return sum;
}

static void calculate_min_free_kbytes(struct rig_machine *machine)
{
	unsigned long lowmem_kbytes = nr_free_buffer_pages(machine) * (PAGE_SIZE >> 10);

	unsigned long kbytes = int_sqrt(lowmem_kbytes * 16);

	machine->min_free_kbytes = kbytes < 128 ? 128 : min(kbytes, 262144UL);
}

static unsigned long mult_frac(unsigned long x, unsigned long n, unsigned long d)
{
	return x / d * n + x % d * n / d;
}

static void setup_zone_wmarks(struct zone *zone, unsigned long pages_min, unsigned long lowmem)
{
	unsigned long managed = zone_managed_pages(zone);
	unsigned long share =
		(unsigned long)((unsigned __int128)pages_min * managed / max(lowmem, 1UL));
	unsigned long gap;

	zone->_watermark[WMARK_MIN] = share;
	if (zone_idx(zone) == ZONE_HIGHMEM)
		zone->_watermark[WMARK_MIN] = managed / 1024 < SWAP_CLUSTER_MAX
						      ? SWAP_CLUSTER_MAX
						      : min(managed / 1024, 128UL);
	gap = max(share >> 2, mult_frac(managed, zone->machine->watermark_scale_factor, 10000));
	zone->watermark_boost = 0;
	zone->_watermark[WMARK_LOW] = zone->_watermark[WMARK_MIN] + gap;
	zone->_watermark[WMARK_HIGH] = zone->_watermark[WMARK_LOW] + gap;
	zone->_watermark[WMARK_PROMO] = zone->_watermark[WMARK_HIGH] + gap;
}

static void setup_lowmem_reserve(struct rig_machine *machine)
{
	struct zone *zone;

	for_each_zone(machine, zone)
	{
		int type = (int)zone_idx(zone), ratio = machine->lowmem_reserve_ratio[type];
		bool clear = !ratio || !zone_managed_pages(zone);
		unsigned long managed = 0;

		for (int j = type + 1; j < MAX_NR_ZONES; j++) {
			managed += zone_managed_pages(&zone->zone_pgdat->node_zones[j]);
			zone->lowmem_reserve[j] = clear ? 0 : (long)managed / ratio;
		}
	}
}

/* What may not be used for user memory: for meminfo's MemAvailable. */
void calculate_totalreserve_pages(struct rig_machine *machine)
{
	struct zone *zone;

	machine->page_front->totalreserve_pages = 0;
	for_each_zone(machine, zone)
	{
		long reserve = 0;

		for (int j = (int)zone_idx(zone); j < MAX_NR_ZONES; j++)
			reserve = max(reserve, zone->lowmem_reserve[j]);
		reserve += (long)high_wmark_pages(zone);
		machine->page_front->totalreserve_pages +=
			min((unsigned long)reserve, zone_managed_pages(zone));
	}
}

void update_watermarks(struct rig_machine *machine)
{
	unsigned long lowmem = 0;
	struct zone *zone;

	for_each_zone(machine, zone) if (zone_idx(zone) != ZONE_HIGHMEM) lowmem +=
		zone_managed_pages(zone);
	for_each_zone(machine, zone)
		setup_zone_wmarks(zone, machine->min_free_kbytes >> (PAGE_SHIFT - 10), lowmem);
	for_each_populated_zone(machine, zone) zone_pcp_update(zone);
	refresh_zone_stat_thresholds(machine);
	calculate_totalreserve_pages(machine);
}

void update_lowmem_reserve(struct rig_machine *machine)
{
	setup_lowmem_reserve(machine);
	calculate_totalreserve_pages(machine);
}

/* init_per_zone_wmark_min: once all memory of boot is there. */
void setup_watermarks(struct rig_machine *machine)
{
	if (!machine->min_free_kbytes)
		calculate_min_free_kbytes(machine);
	update_watermarks(machine);
	update_lowmem_reserve(machine);
}

void rig_page_memory_added(struct rig_machine *machine)
{
	unsigned long before = machine->min_free_kbytes;

	calculate_min_free_kbytes(machine);
	machine->min_free_kbytes = max(machine->min_free_kbytes, before);
	setup_watermarks(machine);
}
