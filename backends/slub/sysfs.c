// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of /sys/kernel/slab/CACHE, with what the kernel prints into them (the attributes at the
 * end of mm/slub.c). Counts by node are appended as " N0=7" where nodes are several.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/slub.h>

#include "slub.h"

/* What show_slab_objects adds up. */
enum counting { COUNT_SLABS, COUNT_OBJECTS, COUNT_TOTAL };

enum where { IN_ALL = 1, IN_CPU = 2, IN_PARTIAL = 4 };

static unsigned long weight(const struct page *slab, enum counting what)
{
	return what == COUNT_SLABS ? 1 : what == COUNT_OBJECTS ? slab->inuse : slab->objects;
}

/* Slabs of CPUs and, approximately as in the kernel, their partial lists (their length). */
static void count_cpus(const struct slub_cache *s, enum counting what, unsigned long *by_node)
{
	for (int cpu = 0; cpu < s->nr_cpus; cpu++) {
		const struct page *slab = s->cpu[cpu].slab, *partial = s->cpu[cpu].partial;

		if (slab)
			by_node[page_to_nid(slab)] += weight(slab, what);
		if (partial)
			by_node[page_to_nid(partial)] += (unsigned long)partial->slabs;
	}
}

static unsigned long count_node(const struct slub_node *n, enum where where, enum counting what)
{
	unsigned long unused = 0, count = 0;
	struct page *slab;

	list_for_each_entry (slab, &n->partial, slab_list) {
		unused += slab->objects - slab->inuse;
		count += weight(slab, what);
	}
	if (where & IN_PARTIAL)
		return count;
	if (what == COUNT_SLABS)
		return (unsigned long)atomic_long_read(&n->nr_slabs);
	return (unsigned long)atomic_long_read(&n->total_objects) -
	       (what == COUNT_OBJECTS ? unused : 0);
}

static void show_counts(const struct slub_cache *s, enum where where, enum counting what, FILE *out)
{
	unsigned long *by_node = calloc((size_t)max(s->nr_nodes, 1), sizeof(*by_node));
	unsigned long total = 0;

	if (!by_node)
		return;
	if (where & IN_CPU)
		count_cpus(s, what, by_node);
	for (int nid = 0; nid < s->nr_nodes; nid++) {
		if (s->node[nid] && (where & (IN_ALL | IN_PARTIAL)))
			by_node[nid] += count_node(s->node[nid], where, what);
		total += by_node[nid];
	}
	fprintf(out, "%lu", total);
	for (int nid = 0; nid < s->nr_nodes && s->nr_nodes > 1; nid++)
		if (by_node[nid])
			fprintf(out, " N%d=%lu", nid, by_node[nid]);
	fputc('\n', out);
	free(by_node);
}

static void show_cpu_partial_slabs(const struct slub_cache *s, FILE *out)
{
	unsigned long slabs = 0;

	for (int cpu = 0; cpu < s->nr_cpus; cpu++)
		if (s->cpu[cpu].partial)
			slabs += (unsigned long)s->cpu[cpu].partial->slabs;
	/* Approximate half-full slabs, as the kernel shows them. */
	fprintf(out, "%lu(%lu)", slabs * s->oo.objects / 2, slabs);
	for (int cpu = 0; cpu < s->nr_cpus && s->nr_cpus > 1; cpu++) {
		const struct page *partial = s->cpu[cpu].partial;

		if (partial)
			fprintf(out, " C%d=%u(%d)", cpu,
				(unsigned int)partial->slabs * s->oo.objects / 2, partial->slabs);
	}
	fputc('\n', out);
}

static const struct {
	const char *name;
	slab_flags_t flag;
} flag_files[] = {
	{ "cache_dma", SLAB_CACHE_DMA },   { "destroy_by_rcu", SLAB_TYPESAFE_BY_RCU },
	{ "failslab", SLAB_FAILSLAB },	   { "hwcache_align", SLAB_HWCACHE_ALIGN },
	{ "poison", SLAB_POISON },	   { "reclaim_account", SLAB_RECLAIM_ACCOUNT },
	{ "red_zone", SLAB_RED_ZONE },	   { "sanity_checks", SLAB_CONSISTENCY_CHECKS },
	{ "store_user", SLAB_STORE_USER }, { "trace", SLAB_TRACE },
};

static const struct {
	const char *name;
	enum where where;
	enum counting what;
} count_files[] = {
	{ "cpu_slabs", IN_CPU, COUNT_SLABS },
	{ "objects", IN_ALL, COUNT_OBJECTS },
	{ "objects_partial", IN_PARTIAL, COUNT_OBJECTS },
	{ "partial", IN_PARTIAL, COUNT_SLABS },
	{ "slabs", IN_ALL, COUNT_SLABS },
	{ "total_objects", IN_ALL, COUNT_TOTAL },
};

/* Files that hold one number. */
static bool number_of(const struct kmem_cache *cache, const char *file, unsigned long *value)
{
	const struct slub_cache *s = slub_of(cache);
	const struct {
		const char *name;
		unsigned long value;
	} numbers[] = {
		{ "align", cache->align },
		{ "aliases", cache->refcount < 0 ? 0 : (unsigned long)cache->refcount - 1 },
		{ "cpu_partial", s->cpu_partial },
		{ "min_partial", s->min_partial },
		{ "object_size", cache->object_size },
		{ "objs_per_slab", s->oo.objects },
		{ "order", s->oo.order },
		{ "remote_node_defrag_ratio", 100 },
		{ "slab_size", cache->size },
		{ "usersize", cache->usersize },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(file, numbers[i].name) == 0) {
			*value = numbers[i].value;
			return true;
		}
	}
	return false;
}

bool rig_slub_sysfs_show(struct kmem_cache *cache, const char *file, FILE *out)
{
	const struct slub_cache *s = slub_of(cache);
	unsigned long value;

	if (number_of(cache, file, &value)) {
		fprintf(out, "%lu\n", value);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flag_files); i++) {
		if (strcmp(file, flag_files[i].name) == 0) {
			fprintf(out, "%d\n", !!(cache->flags & flag_files[i].flag));
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(count_files); i++) {
		if (strcmp(file, count_files[i].name) == 0) {
			show_counts(s, count_files[i].where, count_files[i].what, out);
			return true;
		}
	}
	if (strcmp(file, "slabs_cpu_partial") == 0) {
		show_cpu_partial_slabs(s, out);
		return true;
	}
	if (strcmp(file, "ctor") == 0) {
		if (cache->ctor)
			fprintf(out, "0x%lx\n", (unsigned long)cache->ctor);
		return true;
	}
	return false;
}

static int store_number(struct slub_cache *s, const char *file, unsigned long value)
{
	if (strcmp(file, "min_partial") == 0) {
		s->min_partial = value;
		return 0;
	}
	if (strcmp(file, "cpu_partial") == 0) {
		if (value > UINT32_MAX || (value && !slub_has_cpu_partial(s)))
			return -EINVAL;
		slub_set_cpu_partial(s, (unsigned int)value);
		slub_flush_all(s, rig_kmem_cpu(s->cache->machine));
		return 0;
	}
	return -EACCES;
}

int rig_slub_sysfs_store(struct kmem_cache *cache, const char *file, const char *value)
{
	struct slub_cache *s = slub_of(cache);
	char *end;
	unsigned long number = strtoul(value, &end, 0);

	if (end == value)
		return -EINVAL;
	if (strcmp(file, "shrink") == 0) {
		if (number != 1)
			return -EINVAL;
		rig_kmem_cache_shrink(rig_kmem_cpu(cache->machine), cache);
		return 0;
	}
	if (strcmp(file, "validate") == 0) {
		if (number != 1 || !s->debug)
			return -EINVAL;
		return rig_slub_validate(cache) >= 0 ? 0 : -EINVAL;
	}
	if (strcmp(file, "failslab") == 0) {
		if (cache->refcount > 1)
			return -EINVAL;
		cache->flags &= ~SLAB_FAILSLAB;
		if (number)
			cache->flags |= SLAB_FAILSLAB;
		cache->fault_inject = number != 0;
		return 0;
	}
	return store_number(s, file, number);
}
