// SPDX-License-Identifier: GPL-2.0-only
/* The bare tracepoint, to hold the rig's own events against. A shared object: loaded on request. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bench_tracepoint.h"

void bench_bare_tracepoint(unsigned long i);

__attribute__((visibility("default"))) void bench_bare_tracepoint(unsigned long i)
{
	lttng_ust_tracepoint(bench, bare, 0xffffffff81000000UL + i, 0xffff888000000000UL + i * 64,
			     64, 64, 0xcc0, -1, 0);
}
