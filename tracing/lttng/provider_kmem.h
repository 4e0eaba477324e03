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
#include <lttng/tracepoint.h>

#include "fields.h"
#include "gfp_enum.h"

RIG_LTTNG_ENUMS(kmem)
RIG_KMEM_EVENTS(RIG_LTTNG_EVENT)
#endif

#include <lttng/tracepoint-event.h>
