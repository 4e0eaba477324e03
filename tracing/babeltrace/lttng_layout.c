// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of LTTng's kernel events about memory, and of those of the scheduler that tools need to
 * know which task runs on a CPU. Fields stand in LTTng's order; one that an input lacks (page, in
 * all of ftrace's) is left out by who uses the table. Names and types are lttng-modules 2.13's for
 * Linux 6.1; mm_vmscan_write_folio, which came with 5.18, is a later version's.
 *
 * Not here, because LTTng says more of them than the kernel's tracepoint holds and tools rely on
 * that: sched_process_fork (process ids beside thread ids).
 */
#include <string.h>

#include "lttng_layout.h"

#define HEX64(name)                                                                                \
	{                                                                                          \
		name, NULL, RIG_LTTNG_HEX, 64, 0                                                   \
	}
#define U64(name)                                                                                  \
	{                                                                                          \
		name, NULL, RIG_LTTNG_UNSIGNED, 64, 0                                              \
	}
#define U32(name)                                                                                  \
	{                                                                                          \
		name, NULL, RIG_LTTNG_UNSIGNED, 32, 0                                              \
	}
#define U8(name)                                                                                   \
	{                                                                                          \
		name, NULL, RIG_LTTNG_UNSIGNED, 8, 0                                               \
	}
#define S64(name)                                                                                  \
	{                                                                                          \
		name, NULL, RIG_LTTNG_SIGNED, 64, 0                                                \
	}
#define S32(name)                                                                                  \
	{                                                                                          \
		name, NULL, RIG_LTTNG_SIGNED, 32, 0                                                \
	}
#define STRING(name)                                                                               \
	{                                                                                          \
		name, NULL, RIG_LTTNG_STRING, 0, 0                                                 \
	}
#define RENAMED(name, kernel_name, t)                                                              \
	{                                                                                          \
		name, kernel_name, RIG_LTTNG_##t, 32, 0                                            \
	}
#define PRIO(name)                                                                                 \
	{                                                                                          \
		name, NULL, RIG_LTTNG_SIGNED, 32, -100                                             \
	}
#define TID(name, kernel_name) RENAMED(name, kernel_name, SIGNED)
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, 0, 0, 0                                                                \
	}

#define FIELDS(name) static const struct rig_lttng_field name##_fields[]

/* kmem */
FIELDS(alloc) = { HEX64("call_site"), HEX64("ptr"), U64("bytes_req"), U64("bytes_alloc"),
		  U32("gfp_flags"),   S32("node"),  U8("accounted"),  END };
FIELDS(kfree) = { HEX64("call_site"), HEX64("ptr"), END };
FIELDS(cache_free) = { HEX64("call_site"), HEX64("ptr"), STRING("name"), END };
FIELDS(page_free) = { HEX64("page"), U64("pfn"), U32("order"), END };
FIELDS(page_free_batched) = { HEX64("page"), U64("pfn"), END };
FIELDS(page_alloc) = { HEX64("page"),	 U64("pfn"),	     U32("order"),
		       U32("gfp_flags"), S32("migratetype"), END };
FIELDS(zone_locked) = { HEX64("page"),	    U64("pfn"),		  U32("order"),
			S32("migratetype"), S32("percpu_refill"), END };
FIELDS(pcpu_drain) = { U64("pfn"), U32("order"), S32("migratetype"), END };
FIELDS(extfrag) = { HEX64("page"),
		    U64("pfn"),
		    S32("alloc_order"),
		    S32("fallback_order"),
		    S32("alloc_migratetype"),
		    S32("fallback_migratetype"),
		    S32("change_ownership"),
		    END };

/* vmscan */
FIELDS(nid) = { S32("nid"), END };
FIELDS(kswapd_wake) = { S32("nid"), S32("zid"), S32("order"), END };
FIELDS(wakeup_kswapd) = { S32("nid"), S32("zid"), S32("order"), U32("gfp_flags"), END };
FIELDS(reclaim_begin) = { S32("order"), U32("gfp_flags"), END };
FIELDS(reclaim_end) = { U64("nr_reclaimed"), END };
FIELDS(shrink_start) = { HEX64("shr"),	   HEX64("shrink"),
			 S32("nid"),	   S64("nr_objects_to_shrink"),
			 U32("gfp_flags"), U64("cache_items"),
			 U64("delta"),	   U64("total_scan"),
			 S32("priority"),  END };
FIELDS(shrink_end) = { HEX64("shr"),	S32("nid"),    HEX64("shrink"),	  S64("unused_scan"),
		       S64("new_scan"), S32("retval"), S64("total_scan"), END };
FIELDS(lru_isolate) = { RENAMED("classzone_idx", "highest_zoneidx", SIGNED),
			S32("order"),
			U64("nr_requested"),
			U64("nr_scanned"),
			U64("nr_skipped"),
			U64("nr_taken"),
			U32("isolate_mode"),
			S32("lru"),
			END };
FIELDS(write_folio) = { HEX64("pfn"), S32("reclaim_flags"), END };
FIELDS(shrink_inactive) = { S32("nid"),
			    U64("nr_scanned"),
			    U64("nr_reclaimed"),
			    U64("nr_dirty"),
			    U64("nr_writeback"),
			    U64("nr_congested"),
			    U64("nr_immediate"),
			    { "nr_activate_anon", "nr_activate0", RIG_LTTNG_UNSIGNED, 64, 0 },
			    { "nr_activate_file", "nr_activate1", RIG_LTTNG_UNSIGNED, 64, 0 },
			    U64("nr_ref_keep"),
			    U64("nr_unmap_fail"),
			    S32("priority"),
			    S32("reclaim_flags"),
			    END };

/* compaction */
FIELDS(isolate) = { U64("start_pfn"), U64("end_pfn"), U64("nr_scanned"), U64("nr_taken"), END };
FIELDS(migrate) = { U64("nr_migrated"), U64("nr_failed"), END };

/* sched */
const struct rig_lttng_field rig_lttng_switch_fields[] = {
	STRING("prev_comm"), TID("prev_tid", "prev_pid"), PRIO("prev_prio"), S64("prev_state"),
	STRING("next_comm"), TID("next_tid", "next_pid"), PRIO("next_prio"), END
};
FIELDS(wakeup) = { STRING("comm"), TID("tid", "pid"), PRIO("prio"), S32("target_cpu"), END };
FIELDS(migrate_task) = { STRING("comm"),  TID("tid", "pid"), PRIO("prio"),
			 S32("orig_cpu"), S32("dest_cpu"),   END };
FIELDS(process) = { STRING("comm"), TID("tid", "pid"), PRIO("prio"), END };
FIELDS(exec) = { STRING("filename"), TID("tid", "pid"), TID("old_tid", "old_pid"), END };

static const struct rig_lttng_event events[] = {
	{ "kmem:kmalloc", "kmem_kmalloc", alloc_fields },
	{ "kmem:kmem_cache_alloc", "kmem_cache_alloc", alloc_fields },
	{ "kmem:kmalloc_node", "kmem_kmalloc_node", alloc_fields },
	{ "kmem:kmem_cache_alloc_node", "kmem_cache_alloc_node", alloc_fields },
	{ "kmem:kfree", "kmem_kfree", kfree_fields },
	{ "kmem:kmem_cache_free", "kmem_cache_free", cache_free_fields },
	{ "kmem:mm_page_free", "kmem_mm_page_free", page_free_fields },
	/* the event's name until Linux 3.3 */
	{ "kmem:mm_page_free_direct", "kmem_mm_page_free", page_free_fields },
	{ "kmem:mm_page_free_batched", "kmem_mm_page_free_batched", page_free_batched_fields },
	{ "kmem:mm_page_alloc", "kmem_mm_page_alloc", page_alloc_fields },
	{ "kmem:mm_page_alloc_zone_locked", "kmem_mm_page_alloc_zone_locked", zone_locked_fields },
	{ "kmem:mm_page_pcpu_drain", "kmem_mm_page_pcpu_drain", pcpu_drain_fields },
	{ "kmem:mm_page_alloc_extfrag", "kmem_mm_page_alloc_extfrag", extfrag_fields },
	{ "vmscan:mm_vmscan_kswapd_sleep", "mm_vmscan_kswapd_sleep", nid_fields },
	{ "vmscan:mm_vmscan_kswapd_wake", "mm_vmscan_kswapd_wake", kswapd_wake_fields },
	{ "vmscan:mm_vmscan_wakeup_kswapd", "mm_vmscan_wakeup_kswapd", wakeup_kswapd_fields },
	{ "vmscan:mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_begin",
	  reclaim_begin_fields },
	{ "vmscan:mm_vmscan_memcg_reclaim_begin", "mm_vmscan_memcg_reclaim_begin",
	  reclaim_begin_fields },
	{ "vmscan:mm_vmscan_memcg_softlimit_reclaim_begin",
	  "mm_vmscan_memcg_softlimit_reclaim_begin", reclaim_begin_fields },
	{ "vmscan:mm_vmscan_direct_reclaim_end", "mm_vmscan_direct_reclaim_end",
	  reclaim_end_fields },
	{ "vmscan:mm_vmscan_memcg_reclaim_end", "mm_vmscan_memcg_reclaim_end", reclaim_end_fields },
	{ "vmscan:mm_vmscan_memcg_softlimit_reclaim_end", "mm_vmscan_memcg_softlimit_reclaim_end",
	  reclaim_end_fields },
	{ "vmscan:mm_shrink_slab_start", "mm_vmscan_shrink_slab_start", shrink_start_fields },
	{ "vmscan:mm_shrink_slab_end", "mm_vmscan_shrink_slab_end", shrink_end_fields },
	{ "vmscan:mm_vmscan_lru_isolate", "mm_vmscan_lru_isolate", lru_isolate_fields },
	{ "vmscan:mm_vmscan_write_folio", "mm_vmscan_write_folio", write_folio_fields },
	{ "vmscan:mm_vmscan_lru_shrink_inactive", "mm_vmscan_lru_shrink_inactive",
	  shrink_inactive_fields },
	{ "compaction:mm_compaction_isolate_migratepages", "compaction_isolate_migratepages",
	  isolate_fields },
	{ "compaction:mm_compaction_isolate_freepages", "compaction_isolate_freepages",
	  isolate_fields },
	{ "compaction:mm_compaction_migratepages", "compaction_migratepages", migrate_fields },
	{ "sched:sched_switch", "sched_switch", rig_lttng_switch_fields },
	{ "sched:sched_wakeup", "sched_wakeup", wakeup_fields },
	{ "sched:sched_wakeup_new", "sched_wakeup_new", wakeup_fields },
	{ "sched:sched_waking", "sched_waking", wakeup_fields },
	{ "sched:sched_migrate_task", "sched_migrate_task", migrate_task_fields },
	{ "sched:sched_process_exit", "sched_process_exit", process_fields },
	{ "sched:sched_process_free", "sched_process_free", process_fields },
	{ "sched:sched_process_exec", "sched_process_exec", exec_fields },
};

const struct rig_lttng_event *rig_lttng_event(const char *name)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i].kernel_name, name) == 0 || strcmp(events[i].name, name) == 0)
			return &events[i];
	return NULL;
}
