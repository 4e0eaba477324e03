// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slab counts of "perf kmem stat", counted as perf 6.1 counts them, so that its figures can be
 * compared one by one. perf never forgets an address: a second free of one (its allocation was
 * made in bulk, and not traced) counts once more as freed, and as ping-pong because the
 * first free cleared the CPU. The analysis proper does not do that.
 */
#include <stdlib.h>

#include "analysis.h"

struct rig_perf_stat {
	struct rig_perf_total total;
	struct rig_table objects; /* by address: struct rig_perf_entry */
	struct rig_table sites;	  /* by call site */
};

struct rig_perf_stat *rig_perf_stat_create(void)
{
	struct rig_perf_stat *perf = calloc(1, sizeof(*perf));

	if (!perf)
		abort();
	rig_table_init(&perf->objects, sizeof(struct rig_perf_entry));
	rig_table_init(&perf->sites, sizeof(struct rig_perf_entry));
	return perf;
}

void rig_perf_stat_destroy(struct rig_perf_stat *perf)
{
	if (!perf)
		return;
	rig_table_fini(&perf->objects);
	rig_table_fini(&perf->sites);
	free(perf);
}

static struct rig_perf_entry *hit(struct rig_table *table, u64 key, const struct rig_record *record)
{
	struct rig_perf_entry *entry = rig_table_put(table, key, NULL);

	entry->key = key;
	entry->hits++;
	entry->bytes_req += record->number[RIG_SLOT_BYTES_REQ];
	entry->bytes_alloc += record->number[RIG_SLOT_BYTES_ALLOC];
	return entry;
}

static void add_alloc(struct rig_perf_stat *perf, const struct rig_record *record)
{
	u64 site = record->number[RIG_SLOT_CALL_SITE];
	struct rig_perf_entry *object = hit(&perf->objects, record->number[RIG_SLOT_PTR], record);
	s64 node = (s32)record->number[RIG_SLOT_NODE];

	object->site = site;
	object->cpu = record->cpu;
	object->last_alloc = record->number[RIG_SLOT_BYTES_ALLOC];
	hit(&perf->sites, site, record);
	perf->total.requested += record->number[RIG_SLOT_BYTES_REQ];
	perf->total.allocated += record->number[RIG_SLOT_BYTES_ALLOC];
	perf->total.allocs++;
	/* perf asks the host's sysfs for a CPU's node; one node is what traces can tell */
	if (record->present & (1u << RIG_SLOT_NODE) && node > 0)
		perf->total.cross++;
}

static void add_free(struct rig_perf_stat *perf, const struct rig_record *record)
{
	struct rig_perf_entry *object =
		rig_table_find(&perf->objects, record->number[RIG_SLOT_PTR]);
	struct rig_perf_entry *site;

	if (!object)
		return;
	perf->total.freed += object->last_alloc;
	if (record->cpu != object->cpu) {
		object->ping_pong++;
		site = rig_table_find(&perf->sites, object->site);
		if (site)
			site->ping_pong++;
	}
	object->cpu = -1;
}

void rig_perf_stat_add(struct rig_perf_stat *perf, const struct rig_record *record)
{
	if (record->kind == RIG_KIND_SLAB_ALLOC || record->kind == RIG_KIND_KMALLOC)
		add_alloc(perf, record);
	else if (record->kind == RIG_KIND_SLAB_FREE || record->kind == RIG_KIND_KFREE)
		add_free(perf, record);
}

const struct rig_perf_total *rig_perf_stat_total(const struct rig_perf_stat *perf)
{
	return &perf->total;
}

static double fragmentation(const struct rig_perf_entry *entry)
{
	if (!entry->bytes_alloc)
		return 0;
	return 100.0 - 100.0 * (double)entry->bytes_req / (double)entry->bytes_alloc;
}

static int by_fragmentation(const void *a, const void *b)
{
	const struct rig_perf_entry *x = a, *y = b;
	double fx = fragmentation(x), fy = fragmentation(y);

	if (fx != fy)
		return fx > fy ? -1 : 1;
	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	if (x->bytes_alloc != y->bytes_alloc)
		return x->bytes_alloc > y->bytes_alloc ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

struct rig_perf_entry *rig_perf_stat_sorted(const struct rig_perf_stat *perf, bool by_site,
					    size_t *nr)
{
	const struct rig_table *table = by_site ? &perf->sites : &perf->objects;
	struct rig_perf_entry *copy = calloc(table->count + 1, sizeof(*copy));
	const struct rig_perf_entry *entry;
	size_t position = 0;
	u64 key;

	if (!copy)
		abort();
	*nr = 0;
	while ((entry = rig_table_next(table, &position, &key)))
		copy[(*nr)++] = *entry;
	qsort(copy, *nr, sizeof(*copy), by_fragmentation);
	return copy;
}
