// SPDX-License-Identifier: GPL-2.0-only
/* See emitter.h. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "emitter.h"

void emitter_init(struct emitter *emitter)
{
	memset(emitter, 0, sizeof(*emitter));
	emitter->machine.cpus = emitter->cpus;
	emitter->machine.nr_cpus = 4;
	emitter->machine.clock_ns = 5000000000;
	for (int i = 0; i < 4; i++) {
		struct rig_cpu *cpu = &emitter->cpus[i];

		cpu->machine = &emitter->machine;
		cpu->id = i;
		cpu->task = &cpu->idle;
		cpu->idle.pid = 100 + i;
		snprintf(cpu->idle.comm, sizeof(cpu->idle.comm), "worker/%u", (unsigned char)i);
	}
}

static void one_round(struct rig_cpu *cpu)
{
	RIG_TRACE(cpu, kmem_cache_alloc, .call_site = 0xffffffff81000010, .ptr = 0xffff888000001000,
		  .bytes_req = 184, .bytes_alloc = 192, .gfp_flags = 0xcc0, .node = -1,
		  .accounted = 1);
	RIG_TRACE(cpu, kmalloc, .call_site = 0xffffffff81000020, .ptr = 0xffff888000002000,
		  .bytes_req = 60, .bytes_alloc = 64, .gfp_flags = 0xdc0, .node = -1);
	RIG_TRACE(cpu, kfree, .call_site = 0xffffffff81000030, .ptr = 0xffff888000002000);
	RIG_TRACE(cpu, kmem_cache_free, .call_site = 0xffffffff81000040, .ptr = 0xffff888000001000,
		  .name = "cred_jar");
	RIG_TRACE(cpu, mm_page_alloc, .pfn = 0x100, .order = 2, .gfp_flags = 0x40a20,
		  .migratetype = 2);
	RIG_TRACE(cpu, mm_page_alloc, .pfn = ~0ULL, .order = 3, .gfp_flags = 0xc2a20);
	RIG_TRACE(cpu, mm_page_free, .pfn = 0x100, .order = 2);
	RIG_TRACE(cpu, mm_page_free_batched, .pfn = 0x101);
	RIG_TRACE(cpu, mm_page_alloc_zone_locked, .pfn = 0x102, .migratetype = 1,
		  .percpu_refill = 1);
	RIG_TRACE(cpu, mm_page_pcpu_drain, .pfn = 0x103, .migratetype = 1);
	RIG_TRACE(cpu, mm_page_alloc_extfrag, .pfn = 0x400, .alloc_order = 1, .fallback_order = 9,
		  .fallback_migratetype = 1, .change_ownership = 1);
	RIG_TRACE(cpu, fault_injected, .attribute = "failslab", .nth = 3, .size = 64,
		  .gfp_flags = 0xcc0, .call_site = 0xffffffff81000050);
	RIG_TRACE(cpu, mm_vmscan_direct_reclaim_begin, .order = 3, .gfp_flags = 0xcc0);
	RIG_TRACE(cpu, mm_compaction_end, .zone_start = 0x1000, .migrate_pfn = 0x1200,
		  .free_pfn = 0x3e00, .zone_end = 0x4000, .sync = 1, .status = 8);
}

void emitter_run(struct emitter *emitter, unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++) {
		emitter->machine.clock_ns += 1000;
		one_round(&emitter->cpus[i % 4]);
	}
}

struct hammer {
	struct rig_cpu *cpu;
	unsigned long count;
};

static void *hammer(void *data)
{
	struct hammer *work = data;

	for (unsigned long i = 0; i < work->count; i++)
		RIG_TRACE(work->cpu, kmalloc, .call_site = 0xffffffff81000020,
			  .ptr = 0xffff888000002000 + i * 64, .bytes_req = 60, .bytes_alloc = 64,
			  .gfp_flags = 0xdc0, .node = -1);
	return NULL;
}

void emitter_hammer(struct emitter *emitter, unsigned int threads, unsigned long count)
{
	struct hammer work[4];
	pthread_t ids[4];

	for (unsigned int i = 0; i < threads; i++) {
		work[i] = (struct hammer){ &emitter->cpus[i], count };
		pthread_create(&ids[i], NULL, hammer, &work[i]);
	}
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}
