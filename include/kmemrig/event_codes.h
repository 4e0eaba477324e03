/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the numbers that events hold as codes, as the kernel's own text shows them
 * (include/trace/events/mmflags.h and kmem.h of Linux 6.1). One list each: the text form and the
 * enumerations of LTTng-UST are made from it. RIG_CODES_meaning belongs to the fields of that
 * meaning in the event table.
 *
 *	RIG_CODES_meaning(CODE) with CODE(number, name)
 */
#ifndef KMEMRIG_EVENT_CODES_H
#define KMEMRIG_EVENT_CODES_H

#define RIG_CODES_BOOL(CODE) CODE(0, "false") CODE(1, "true")

/* Of compaction: may it wait. */
#define RIG_CODES_MODE(CODE) CODE(0, "async") CODE(1, "sync")

#define RIG_CODES_MT(CODE)                                                                         \
	CODE(0, "MIGRATE_UNMOVABLE")                                                               \
	CODE(1, "MIGRATE_MOVABLE")                                                                 \
	CODE(2, "MIGRATE_RECLAIMABLE")                                                             \
	CODE(3, "MIGRATE_HIGHATOMIC")                                                              \
	CODE(4, "MIGRATE_CMA")                                                                     \
	CODE(5, "MIGRATE_ISOLATE")

/* enum zone_type of our machines, which have all zones */
#define RIG_CODES_ZONE(CODE)                                                                       \
	CODE(0, "DMA")                                                                             \
	CODE(1, "DMA32")                                                                           \
	CODE(2, "Normal")                                                                          \
	CODE(3, "HighMem")                                                                         \
	CODE(4, "Movable")

/* enum compact_result */
#define RIG_CODES_STATUS(CODE)                                                                     \
	CODE(0, "not_suitable_zone")                                                               \
	CODE(1, "skipped")                                                                         \
	CODE(2, "deferred")                                                                        \
	CODE(3, "no_suitable_page")                                                                \
	CODE(4, "continue")                                                                        \
	CODE(5, "complete")                                                                        \
	CODE(6, "partial_skipped")                                                                 \
	CODE(7, "contended")                                                                       \
	CODE(8, "success")

/* enum compact_priority */
#define RIG_CODES_PRIO(CODE)                                                                       \
	CODE(0, "COMPACT_PRIO_SYNC_FULL")                                                          \
	CODE(1, "COMPACT_PRIO_SYNC_LIGHT")                                                         \
	CODE(2, "COMPACT_PRIO_ASYNC")

/* What an address space's pages are. */
#define RIG_CODES_MEMBER(CODE)                                                                     \
	CODE(0, "MM_FILEPAGES")                                                                    \
	CODE(1, "MM_ANONPAGES")                                                                    \
	CODE(2, "MM_SWAPENTS")                                                                     \
	CODE(3, "MM_SHMEMPAGES")

/* enum rig_op_status */
#define RIG_CODES_RESULT(CODE)                                                                     \
	CODE(0, "done")                                                                            \
	CODE(1, "failed")                                                                          \
	CODE(2, "skipped")                                                                         \
	CODE(3, "broken")

#endif
