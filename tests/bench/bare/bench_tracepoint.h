/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracepoint with the fields of kmem_cache_alloc, as LTTng-UST's own documentation makes one. The
 * file may not be called tracepoint.h: LTTng's headers would include their own file of that name.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "bench_tracepoint.h"

#if !defined(RIG_BENCH_TRACEPOINT_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define RIG_BENCH_TRACEPOINT_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(bench, bare,
	LTTNG_UST_TP_ARGS(uint64_t, call_site, uint64_t, ptr, uint64_t, bytes_req,
			  uint64_t, bytes_alloc, uint64_t, gfp_flags, int32_t, node,
			  uint8_t, accounted),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(uint64_t, call_site, call_site)
		lttng_ust_field_integer_hex(uint64_t, ptr, ptr)
		lttng_ust_field_integer(uint64_t, bytes_req, bytes_req)
		lttng_ust_field_integer(uint64_t, bytes_alloc, bytes_alloc)
		lttng_ust_field_integer_hex(uint64_t, gfp_flags, gfp_flags)
		lttng_ust_field_integer(int32_t, node, node)
		lttng_ust_field_integer(uint8_t, accounted, accounted)))
/* clang-format on */

#endif

#include <lttng/tracepoint-event.h>
