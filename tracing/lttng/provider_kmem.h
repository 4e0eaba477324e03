/* SPDX-License-Identifier: GPL-2.0-only */
/* LTTng-UST provider "kmem": the kernel's kmem events, under its names. Fields come from the event
 * table. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER kmem

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "provider_kmem.h"

#if !defined(PROVIDER_KMEM_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define PROVIDER_KMEM_H

#include <kmemrig/event.h>
#include <kmemrig/event_codes.h>
#include <lttng/tracepoint.h>

#undef RIG_LTTNG_OLD_EVENT
#include "fields.h"
#include "gfp_enum.h"

RIG_LTTNG_ENUMS(kmem)
RIG_KMEM_EVENTS(RIG_LTTNG_EVENT)

/* Names that kernels before 6.1 used; sent instead of today's when the session asks for them. */
#define RIG_LTTNG_OLD_EVENT(name, today)                                                           \
	LTTNG_UST_TRACEPOINT_EVENT(kmem, name,                                                     \
				   LTTNG_UST_TP_ARGS(const struct rig_event_##today *, e),         \
				   LTTNG_UST_TP_FIELDS(RIG_FIELDS_##today(RIG_LTTNG_FIELD)))
RIG_LTTNG_OLD_EVENT(mm_page_free_direct, mm_page_free)
RIG_LTTNG_OLD_EVENT(kmem_cache_alloc_node, kmem_cache_alloc)
RIG_LTTNG_OLD_EVENT(kmalloc_node, kmalloc)
#endif

#include <lttng/tracepoint-event.h>
