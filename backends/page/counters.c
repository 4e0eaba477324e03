// SPDX-License-Identifier: GPL-2.0-only
/* The page allocator's counters, for /proc. Each CPU counts for itself; readers add up. */
#include "internal.h"

unsigned long rig_zone_events(const struct zone *zone, enum rig_zone_event event)
{
	const struct zone_extra *extra = zone_extra(zone);
	unsigned long sum = 0;

	if (!extra)
		return 0;
	if (event == RIG_ZONE_ALLOCSTALL)
		return READ_ONCE(extra->allocstall);
	for (int cpu = 0; cpu < zone->machine->nr_cpus; cpu++)
		sum += READ_ONCE(extra->stats[cpu].events[event]);
	return sum;
}

int rig_zone_stat_threshold(const struct zone *zone, int cpu)
{
	return zone_extra(zone) ? zone_extra(zone)->stats[cpu].stat_threshold : 0;
}

void rig_reclaim_counters(const struct rig_machine *machine, struct rig_reclaim_counters *counters)
{
	const struct rig_page_front *front = machine->page_front;

	*counters = (struct rig_reclaim_counters){ .kswapd_runs = front->pageoutrun,
						   .steal_kswapd = front->pgsteal_kswapd,
						   .steal_direct = front->pgsteal_direct,
						   .scan_kswapd = front->pgscan_kswapd,
						   .scan_direct = front->pgscan_direct,
						   .slabs_scanned = front->slabs_scanned,
						   .compact_stall = front->compact_stall,
						   .compact_fail = front->compact_fail,
						   .compact_success = front->compact_success,
						   .oom_kills = front->oom_kills,
						   .lru_pages = front->nr_lru };
	counters->compact_isolated = front->compact_isolated;
	counters->compact_migrate_scanned = front->compact_migrate_scanned;
	counters->compact_free_scanned = front->compact_free_scanned;
	counters->compact_daemon_wake = front->compact_daemon_wake;
	counters->compact_daemon_migrate_scanned = front->compact_daemon_migrate_scanned;
	counters->compact_daemon_free_scanned = front->compact_daemon_free_scanned;
	counters->pgmigrate_success = front->pgmigrate_success;
	counters->pgmigrate_fail = front->pgmigrate_fail;
}

unsigned long rig_totalreserve_pages(const struct rig_machine *machine)
{
	return machine->page_front->totalreserve_pages;
}
