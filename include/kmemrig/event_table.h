/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of events: name, fields, types, in the order and with the types of Linux 6.1's
 * include/trace/events/kmem.h, vmscan.h and compaction.h. The structs of event.h, the ring, the
 *text form, the LTTng-UST provider and the babeltrace side are all generated from it; an event is
 *added here and nowhere else.
 *
 *	EVENT(system, name)            and, for each, RIG_FIELDS_name(FIELD) with
 *	FIELD(c_type, name, meaning)
 *
 * Meanings (how a person reads the value; programs get the number):
 *	DEC number   HEX hexadecimal number   BOOL true/false   GFP gfp flags   STR string
 *	PTR object address, kernel's view     SITE code address  PFN page frame number
 *	and codes, whose names event_codes.h lists: MT migratetype  MODE of compaction
 *	STATUS compact_result  PRIO compact_priority  ZONE zone_type  MEMBER of an mm's counters
 *	RESULT of an op
 */
#ifndef KMEMRIG_EVENT_TABLE_H
#define KMEMRIG_EVENT_TABLE_H

#define RIG_FIELDS_kmem_cache_alloc(FIELD)                                                         \
	FIELD(u64, call_site, SITE)                                                                \
	FIELD(u64, ptr, PTR)                                                                       \
	FIELD(u64, bytes_req, DEC)                                                                 \
	FIELD(u64, bytes_alloc, DEC)                                                               \
	FIELD(u64, gfp_flags, GFP)                                                                 \
	FIELD(s32, node, DEC)                                                                      \
	FIELD(u8, accounted, BOOL)

#define RIG_FIELDS_kmalloc(FIELD)                                                                  \
	FIELD(u64, call_site, SITE)                                                                \
	FIELD(u64, ptr, PTR)                                                                       \
	FIELD(u64, bytes_req, DEC)                                                                 \
	FIELD(u64, bytes_alloc, DEC)                                                               \
	FIELD(u64, gfp_flags, GFP)                                                                 \
	FIELD(s32, node, DEC)

#define RIG_FIELDS_kfree(FIELD)                                                                    \
	FIELD(u64, call_site, SITE)                                                                \
	FIELD(u64, ptr, PTR)

#define RIG_FIELDS_kmem_cache_free(FIELD)                                                          \
	FIELD(u64, call_site, SITE)                                                                \
	FIELD(u64, ptr, PTR)                                                                       \
	FIELD(const char *, name, STR)

#define RIG_FIELDS_mm_page_free(FIELD)                                                             \
	FIELD(u64, pfn, PFN)                                                                       \
	FIELD(u32, order, DEC)

#define RIG_FIELDS_mm_page_free_batched(FIELD) FIELD(u64, pfn, PFN)

/* pfn is all ones when the allocation failed. */
#define RIG_FIELDS_mm_page_alloc(FIELD)                                                            \
	FIELD(u64, pfn, PFN)                                                                       \
	FIELD(u32, order, DEC)                                                                     \
	FIELD(u64, gfp_flags, GFP)                                                                 \
	FIELD(s32, migratetype, MT)

#define RIG_FIELDS_mm_page_alloc_zone_locked(FIELD)                                                \
	FIELD(u64, pfn, PFN)                                                                       \
	FIELD(u32, order, DEC)                                                                     \
	FIELD(s32, migratetype, MT)                                                                \
	FIELD(s32, percpu_refill, DEC)

#define RIG_FIELDS_mm_page_pcpu_drain(FIELD)                                                       \
	FIELD(u64, pfn, PFN)                                                                       \
	FIELD(u32, order, DEC)                                                                     \
	FIELD(s32, migratetype, MT)

#define RIG_FIELDS_mm_page_alloc_extfrag(FIELD)                                                    \
	FIELD(u64, pfn, PFN)                                                                       \
	FIELD(s32, alloc_order, DEC)                                                               \
	FIELD(s32, fallback_order, DEC)                                                            \
	FIELD(s32, alloc_migratetype, MT)                                                          \
	FIELD(s32, fallback_migratetype, MT)                                                       \
	FIELD(s32, change_ownership, DEC)

#define RIG_FIELDS_rss_stat(FIELD)                                                                 \
	FIELD(u32, mm_id, DEC)                                                                     \
	FIELD(u32, curr, DEC)                                                                      \
	FIELD(s32, member, MEMBER)                                                                 \
	FIELD(s64, size, DEC)

/* The rig's own. */

/* attribute: failslab, fail_page_alloc; nth: allocations this attribute has looked at. */
#define RIG_FIELDS_fault_injected(FIELD)                                                           \
	FIELD(const char *, attribute, STR)                                                        \
	FIELD(u64, nth, DEC)                                                                       \
	FIELD(u64, size, DEC)                                                                      \
	FIELD(u64, gfp_flags, GFP)                                                                 \
	FIELD(u64, call_site, SITE)

#define RIG_FIELDS_check_failed(FIELD)                                                             \
	FIELD(const char *, check, STR)                                                            \
	FIELD(const char *, detail, STR)

#define RIG_FIELDS_op_begin(FIELD)                                                                 \
	FIELD(u64, number, DEC)                                                                    \
	FIELD(const char *, op, STR)

#define RIG_FIELDS_op_end(FIELD)                                                                   \
	FIELD(u64, number, DEC)                                                                    \
	FIELD(s64, result, RESULT)

#define RIG_FIELDS_device_interrupt(FIELD)                                                         \
	FIELD(u32, irq, DEC)                                                                       \
	FIELD(const char *, device, STR)

/* Reclaim. The zid that kswapd was woken for is stored, and not printed. */
#define RIG_FIELDS_mm_vmscan_kswapd_sleep(FIELD) FIELD(s32, nid, DEC)

#define RIG_FIELDS_mm_vmscan_kswapd_wake(FIELD)                                                    \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(s32, zid, ZONE)                                                                      \
	FIELD(s32, order, DEC)

#define RIG_FIELDS_mm_vmscan_wakeup_kswapd(FIELD)                                                  \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(s32, zid, ZONE)                                                                      \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(u64, gfp_flags, GFP)

#define RIG_FIELDS_mm_vmscan_direct_reclaim_begin(FIELD)                                           \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(u64, gfp_flags, GFP)

#define RIG_FIELDS_mm_vmscan_direct_reclaim_end(FIELD) FIELD(u64, nr_reclaimed, DEC)

/*
 * shr is the shrinker's place in the order of registration, from 1: it has no address in the
 * kernel's view. nid is -1 in direct reclaim, which asks a shrinker once for all nodes. Nothing is
 * deferred here, so nr_objects_to_shrink, unused_scan and new_scan are 0.
 */
#define RIG_FIELDS_mm_shrink_slab_start(FIELD)                                                     \
	FIELD(u64, shr, PTR)                                                                       \
	FIELD(u64, shrink, SITE)                                                                   \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(s64, nr_objects_to_shrink, DEC)                                                      \
	FIELD(u64, gfp_flags, GFP)                                                                 \
	FIELD(u64, cache_items, DEC)                                                               \
	FIELD(u64, delta, DEC)                                                                     \
	FIELD(u64, total_scan, DEC)                                                                \
	FIELD(s32, priority, DEC)

#define RIG_FIELDS_mm_shrink_slab_end(FIELD)                                                       \
	FIELD(u64, shr, PTR)                                                                       \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(u64, shrink, SITE)                                                                   \
	FIELD(s64, unused_scan, DEC)                                                               \
	FIELD(s64, new_scan, DEC)                                                                  \
	FIELD(s32, retval, DEC)                                                                    \
	FIELD(s64, total_scan, DEC)

/* Compaction. No scanner looks for free pages here: free_pfn stays where the kernel's begins. */
#define RIG_FIELDS_mm_compaction_begin(FIELD)                                                      \
	FIELD(u64, zone_start, HEX)                                                                \
	FIELD(u64, migrate_pfn, HEX)                                                               \
	FIELD(u64, free_pfn, HEX)                                                                  \
	FIELD(u64, zone_end, HEX)                                                                  \
	FIELD(u8, sync, MODE)

#define RIG_FIELDS_mm_compaction_end(FIELD)                                                        \
	FIELD(u64, zone_start, HEX)                                                                \
	FIELD(u64, migrate_pfn, HEX)                                                               \
	FIELD(u64, free_pfn, HEX)                                                                  \
	FIELD(u64, zone_end, HEX)                                                                  \
	FIELD(u8, sync, MODE)                                                                      \
	FIELD(s32, status, STATUS)

#define RIG_FIELDS_mm_compaction_try_to_compact_pages(FIELD)                                       \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(u64, gfp_mask, GFP)                                                                  \
	FIELD(s32, prio, PRIO)

#define RIG_FIELDS_mm_compaction_isolate_migratepages(FIELD)                                       \
	FIELD(u64, start_pfn, HEX)                                                                 \
	FIELD(u64, end_pfn, HEX)                                                                   \
	FIELD(u64, nr_scanned, DEC)                                                                \
	FIELD(u64, nr_taken, DEC)

#define RIG_FIELDS_mm_compaction_isolate_freepages(FIELD)                                          \
	RIG_FIELDS_mm_compaction_isolate_migratepages(FIELD)

#define RIG_FIELDS_mm_compaction_migratepages(FIELD)                                               \
	FIELD(u64, nr_migrated, DEC)                                                               \
	FIELD(u64, nr_failed, DEC)

/* idx: enum zone_type; ret: enum compact_result */
#define RIG_FIELDS_mm_compaction_finished(FIELD)                                                   \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(u32, idx, ZONE)                                                                      \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(s32, ret, STATUS)

#define RIG_FIELDS_mm_compaction_suitable(FIELD) RIG_FIELDS_mm_compaction_finished(FIELD)

#define RIG_FIELDS_mm_compaction_deferred(FIELD)                                                   \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(u32, idx, ZONE)                                                                      \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(u32, considered, DEC)                                                                \
	FIELD(u32, defer_shift, DEC)                                                               \
	FIELD(s32, order_failed, DEC)

#define RIG_FIELDS_mm_compaction_defer_compaction(FIELD) RIG_FIELDS_mm_compaction_deferred(FIELD)
#define RIG_FIELDS_mm_compaction_defer_reset(FIELD) RIG_FIELDS_mm_compaction_deferred(FIELD)

#define RIG_FIELDS_mm_compaction_kcompactd_sleep(FIELD) FIELD(s32, nid, DEC)

#define RIG_FIELDS_mm_compaction_wakeup_kcompactd(FIELD)                                           \
	FIELD(s32, nid, DEC)                                                                       \
	FIELD(s32, order, DEC)                                                                     \
	FIELD(u32, highest_zoneidx, ZONE)

#define RIG_FIELDS_mm_compaction_kcompactd_wake(FIELD)                                             \
	RIG_FIELDS_mm_compaction_wakeup_kcompactd(FIELD)

#define RIG_KMEM_EVENTS(EVENT)                                                                     \
	EVENT(kmem, kmem_cache_alloc)                                                              \
	EVENT(kmem, kmalloc)                                                                       \
	EVENT(kmem, kfree)                                                                         \
	EVENT(kmem, kmem_cache_free)                                                               \
	EVENT(kmem, mm_page_free)                                                                  \
	EVENT(kmem, mm_page_free_batched)                                                          \
	EVENT(kmem, mm_page_alloc)                                                                 \
	EVENT(kmem, mm_page_alloc_zone_locked)                                                     \
	EVENT(kmem, mm_page_pcpu_drain)                                                            \
	EVENT(kmem, mm_page_alloc_extfrag)                                                         \
	EVENT(kmem, rss_stat)

#define RIG_OWN_EVENTS(EVENT)                                                                      \
	EVENT(kmemrig, fault_injected)                                                             \
	EVENT(kmemrig, check_failed)                                                               \
	EVENT(kmemrig, op_begin)                                                                   \
	EVENT(kmemrig, op_end)                                                                     \
	EVENT(kmemrig, device_interrupt)

#define RIG_VMSCAN_EVENTS(EVENT)                                                                   \
	EVENT(vmscan, mm_vmscan_kswapd_sleep)                                                      \
	EVENT(vmscan, mm_vmscan_kswapd_wake)                                                       \
	EVENT(vmscan, mm_vmscan_wakeup_kswapd)                                                     \
	EVENT(vmscan, mm_vmscan_direct_reclaim_begin)                                              \
	EVENT(vmscan, mm_vmscan_direct_reclaim_end)                                                \
	EVENT(vmscan, mm_shrink_slab_start)                                                        \
	EVENT(vmscan, mm_shrink_slab_end)

#define RIG_COMPACTION_EVENTS(EVENT)                                                               \
	EVENT(compaction, mm_compaction_begin)                                                     \
	EVENT(compaction, mm_compaction_end)                                                       \
	EVENT(compaction, mm_compaction_try_to_compact_pages)                                      \
	EVENT(compaction, mm_compaction_isolate_migratepages)                                      \
	EVENT(compaction, mm_compaction_isolate_freepages)                                         \
	EVENT(compaction, mm_compaction_migratepages)                                              \
	EVENT(compaction, mm_compaction_finished)                                                  \
	EVENT(compaction, mm_compaction_suitable)                                                  \
	EVENT(compaction, mm_compaction_deferred)                                                  \
	EVENT(compaction, mm_compaction_defer_compaction)                                          \
	EVENT(compaction, mm_compaction_defer_reset)                                               \
	EVENT(compaction, mm_compaction_kcompactd_sleep)                                           \
	EVENT(compaction, mm_compaction_wakeup_kcompactd)                                          \
	EVENT(compaction, mm_compaction_kcompactd_wake)

#define RIG_EVENTS(EVENT)                                                                          \
	RIG_KMEM_EVENTS(EVENT)                                                                     \
	RIG_OWN_EVENTS(EVENT)                                                                      \
	RIG_VMSCAN_EVENTS(EVENT)                                                                   \
	RIG_COMPACTION_EVENTS(EVENT)

#endif
