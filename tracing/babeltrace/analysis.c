// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab objects: call sites, caches, tasks, lifetimes.
 *
 * An allocation names its call site and sizes, a free the object and (kmem_cache_free only) the
 * cache. The two are matched by address. Which cache an allocation came from is learned
 * from the frees of its class (call site and size); kmalloc's class is its cache.
 *
 * Invariants: live_objects == number of entries in objects; live_bytes == sum of their classes'
 * bytes_alloc. An address that is allocated again while it is live was freed unseen (bulk
 * frees are not traced), and is counted in hidden_frees.
 *
 * One owner, no locking.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

#define MAX_TASKS 65536
#define OTHER_TASKS "(later tasks)"
#define DEFAULT_PAGE_OFFSET 0xffff888000000000ULL

void *rig_grow(void **array, size_t *nr, size_t element)
{
	size_t capacity = *nr < 16 ? 16 : (size_t)1 << (64 - __builtin_clzl(*nr));

	/* room is made whenever the number reaches a power of two */
	if (*nr == 0 || (*nr >= 16 && (*nr & (*nr - 1)) == 0)) {
		*array = realloc(*array, capacity * element);
		if (!*array) {
			fprintf(stderr, "kmemrig: no memory\n");
			abort();
		}
	}
	memset((char *)*array + *nr * element, 0, element);
	return (char *)*array + (*nr)++ * element;
}

#define GROW(analysis, what)                                                                       \
	rig_grow((void **)&(analysis)->what, &(analysis)->nr_##what, sizeof(*(analysis)->what))

struct rig_analysis *rig_analysis_create(const struct rig_analysis_options *options)
{
	struct rig_analysis *analysis = calloc(1, sizeof(*analysis));

	if (!analysis)
		abort();
	analysis->options = *options;
	if (!analysis->options.page_offset)
		analysis->options.page_offset = DEFAULT_PAGE_OFFSET;
	if (!analysis->options.page_shift)
		analysis->options.page_shift = 12;
	rig_table_init(&analysis->site_index, sizeof(unsigned int));
	rig_table_init(&analysis->class_index, sizeof(unsigned int));
	rig_table_init(&analysis->task_index, sizeof(unsigned int));
	rig_table_init(&analysis->request_index, sizeof(unsigned int));
	rig_table_init(&analysis->cache_index, sizeof(unsigned int));
	rig_table_init(&analysis->objects, sizeof(struct rig_object));
	rig_table_init(&analysis->live_pages, sizeof(struct rig_page));
	rig_series_init(&analysis->slab_bytes);
	rig_series_init(&analysis->page_count);
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		rig_series_init(&analysis->free_by_order[order]);
	analysis->buddy = rig_buddy_create();
	if (options->perf)
		analysis->perf = rig_perf_stat_create();
	return analysis;
}

void rig_analysis_destroy(struct rig_analysis *analysis)
{
	if (!analysis)
		return;
	for (size_t i = 0; i < analysis->nr_sites; i++)
		free((char *)analysis->sites[i].symbol);
	for (size_t i = 0; i < analysis->nr_classes; i++)
		free(analysis->classes[i].live);
	for (size_t i = 0; i < analysis->nr_caches; i++) {
		free(analysis->caches[i].name);
		free(analysis->caches[i].live);
	}
	free(analysis->sites);
	free(analysis->classes);
	free(analysis->caches);
	free(analysis->tasks);
	free(analysis->requests);
	free(analysis->failures);
	rig_table_fini(&analysis->site_index);
	rig_table_fini(&analysis->class_index);
	rig_table_fini(&analysis->task_index);
	rig_table_fini(&analysis->request_index);
	rig_table_fini(&analysis->cache_index);
	rig_table_fini(&analysis->objects);
	rig_table_fini(&analysis->live_pages);
	rig_buddy_destroy(analysis->buddy);
	rig_perf_stat_destroy(analysis->perf);
	free(analysis);
}

void rig_lifetime_add(struct rig_lifetimes *lifetimes, s64 ns)
{
	u64 value = ns > 0 ? (u64)ns : 0;

	lifetimes->bins[value ? 63 - __builtin_clzll(value) : 0]++;
	lifetimes->count++;
	lifetimes->total_ns += value;
	if (value > lifetimes->max_ns)
		lifetimes->max_ns = value;
}

unsigned int rig_analysis_task(struct rig_analysis *analysis, const struct rig_record *record)
{
	const char *comm = record->comm;
	struct rig_task *task;
	unsigned int *index;
	bool made;
	u64 key;

	if (analysis->last_task < analysis->nr_tasks) {
		task = &analysis->tasks[analysis->last_task];
		if (task->pid == record->pid && strcmp(task->comm, record->comm) == 0)
			return analysis->last_task;
	}
	key = rig_hash_text(record->comm) * 31 + (u64)record->pid;
	/* those that come after so many share one row, so that memory stays bounded */
	if (analysis->nr_tasks >= MAX_TASKS && !rig_table_find(&analysis->task_index, key)) {
		key = rig_hash_text(OTHER_TASKS);
		comm = OTHER_TASKS;
	}
	index = rig_table_put(&analysis->task_index, key, &made);
	if (made) {
		*index = (unsigned int)analysis->nr_tasks;
		task = GROW(analysis, tasks);
		task->pid = comm == record->comm ? record->pid : -1;
		snprintf(task->comm, sizeof(task->comm), "%s", comm);
	}
	return analysis->last_task = *index;
}

static unsigned int find_site(struct rig_analysis *analysis, const struct rig_record *record)
{
	const char *symbol = rig_record_text(record, RIG_SLOT_SYMBOL);
	bool by_symbol = symbol && *symbol &&
			 (!(record->present & (1u << RIG_SLOT_CALL_SITE)) ||
			  !record->number[RIG_SLOT_CALL_SITE]);
	u64 key = by_symbol ? rig_hash_text(symbol) : record->number[RIG_SLOT_CALL_SITE];
	unsigned int *index;
	bool made;

	if (!by_symbol && !(record->present & (1u << RIG_SLOT_CALL_SITE)))
		key = 0;
	index = rig_table_put(&analysis->site_index, key, &made);
	if (made) {
		struct rig_site *site;

		*index = (unsigned int)analysis->nr_sites;
		site = GROW(analysis, sites);
		site->address = key;
		site->symbol = symbol && *symbol ? strdup(symbol) : NULL;
	}
	return *index;
}

static unsigned int find_class(struct rig_analysis *analysis, const struct rig_record *record)
{
	unsigned int site = find_site(analysis, record);
	u64 bytes = record->number[RIG_SLOT_BYTES_ALLOC];
	bool kmalloc = record->kind == RIG_KIND_KMALLOC;
	unsigned int *index;
	bool made;

	index = rig_table_put(&analysis->class_index, ((u64)site << 33 | bytes << 1) + kmalloc,
			      &made);
	if (made) {
		struct rig_class *class;

		*index = (unsigned int)analysis->nr_classes;
		class = GROW(analysis, classes);
		*class = (struct rig_class){ .site = site,
					     .bytes_alloc = (unsigned int)bytes,
					     .kmalloc = kmalloc,
					     .cache = -1,
					     .live = malloc(sizeof(*class->live)) };
		if (!class->live)
			abort();
		rig_series_init(class->live);
	}
	return *index;
}

static unsigned int find_cache(struct rig_analysis *analysis, const char *name)
{
	unsigned int *index;
	bool made;

	index = rig_table_put(&analysis->cache_index, rig_hash_text(name), &made);
	if (made) {
		struct rig_cache *cache;

		*index = (unsigned int)analysis->nr_caches;
		cache = GROW(analysis, caches);
		cache->name = strdup(name);
	}
	return *index;
}

/* The counts that go with an object's end; @ping_pong: freed by another CPU. */
static void end_object(struct rig_analysis *analysis, const struct rig_object *object, s64 now_ns,
		       bool ping_pong)
{
	struct rig_class *class = &analysis->classes[object->class];
	struct rig_site *site = &analysis->sites[class->site];
	s64 lifetime = now_ns - object->time_ns;
	unsigned int bucket = rig_timeline_bucket(analysis, now_ns);

	class->frees++;
	class->live_objects--;
	class->live_bytes -= class->bytes_alloc;
	class->live->value[bucket] = (s64) class->live_bytes;
	site->frees++;
	site->live_objects--;
	site->live_bytes -= class->bytes_alloc;
	site->ping_pong += ping_pong;
	site->lifetime_ns += lifetime > 0 ? (u64)lifetime : 0;
	analysis->tasks[object->task].live_slab_bytes -= class->bytes_alloc;
	analysis->slab.bytes_freed += class->bytes_alloc;
	analysis->slab.ping_pong += ping_pong;
	analysis->slab.live_objects--;
	analysis->slab.live_bytes -= class->bytes_alloc;
	analysis->slab_bytes.value[bucket] = (s64)analysis->slab.live_bytes;
	rig_lifetime_add(&analysis->slab.lifetimes, lifetime);
}

static void begin_object(struct rig_analysis *analysis, const struct rig_record *record,
			 unsigned int class_number, unsigned int task_number)
{
	struct rig_class *class = &analysis->classes[class_number];
	struct rig_site *site = &analysis->sites[class->site];
	unsigned int bucket = rig_timeline_bucket(analysis, record->time_ns);
	struct rig_object *object;
	bool made;

	object = rig_table_put(&analysis->objects, record->number[RIG_SLOT_PTR], &made);
	if (!made) {
		analysis->slab.hidden_frees++;
		end_object(analysis, object, record->time_ns, false);
	}
	*object =
		(struct rig_object){ .class = class_number,
				     .task = task_number,
				     .bytes_req = (unsigned int)record->number[RIG_SLOT_BYTES_REQ],
				     .cpu = record->cpu,
				     .time_ns = record->time_ns };
	class->live_objects++;
	class->live_bytes += class->bytes_alloc;
	class->live->value[bucket] = (s64) class->live_bytes;
	site->live_objects++;
	site->live_bytes += class->bytes_alloc;
	analysis->tasks[task_number].live_slab_bytes += class->bytes_alloc;
	analysis->slab.live_objects++;
	analysis->slab.live_bytes += class->bytes_alloc;
	if (analysis->slab.live_bytes > analysis->slab.max_live_bytes)
		analysis->slab.max_live_bytes = analysis->slab.live_bytes;
	analysis->slab_bytes.value[bucket] = (s64)analysis->slab.live_bytes;
}

static void add_slab_alloc(struct rig_analysis *analysis, const struct rig_record *record)
{
	unsigned int task_number = rig_analysis_task(analysis, record);
	unsigned int class_number = find_class(analysis, record);
	struct rig_class *class = &analysis->classes[class_number];
	struct rig_site *site = &analysis->sites[class->site];
	struct rig_task *task = &analysis->tasks[task_number];
	u64 bytes_req = record->number[RIG_SLOT_BYTES_REQ];

	analysis->slab.allocs++;
	analysis->slab.bytes_req += bytes_req;
	analysis->slab.bytes_alloc += class->bytes_alloc;
	analysis->slab.cross_node +=
		record->present & (1u << RIG_SLOT_NODE) && (s32)record->number[RIG_SLOT_NODE] > 0;
	class->allocs++;
	class->bytes_req += bytes_req;
	site->allocs++;
	site->bytes_req += bytes_req;
	site->bytes_alloc += class->bytes_alloc;
	task->slab_allocs++;
	task->slab_bytes += class->bytes_alloc;
	rig_analysis_attribute_page(analysis, record);
	if (record->number[RIG_SLOT_PTR]) {
		begin_object(analysis, record, class_number, task_number);
		return;
	}
	analysis->slab.failed++;
	site->failed++;
	task->failures++;
}

static void add_slab_free(struct rig_analysis *analysis, const struct rig_record *record)
{
	const char *name = rig_record_text(record, RIG_SLOT_NAME);
	u64 address = record->number[RIG_SLOT_PTR];
	struct rig_object *object;
	unsigned int task;
	int cache = -1;

	if (!address) {
		analysis->slab.null_frees++;
		return;
	}
	analysis->slab.frees++;
	task = rig_analysis_task(analysis, record);
	analysis->tasks[task].slab_frees++;
	if (name && *name)
		cache = (int)find_cache(analysis, name);
	object = rig_table_find(&analysis->objects, address);
	if (!object) {
		analysis->slab.unknown_frees++;
		if (cache < 0)
			cache = (int)find_cache(analysis, "(kmalloc)");
		analysis->caches[cache].unknown_frees++;
		return;
	}
	if (cache >= 0 && !analysis->classes[object->class].kmalloc)
		analysis->classes[object->class].cache = cache;
	end_object(analysis, object, record->time_ns, object->cpu != record->cpu);
	rig_table_remove(&analysis->objects, address);
}

void rig_analysis_add(struct rig_analysis *analysis, const struct rig_record *record)
{
	if (!analysis->records++)
		analysis->first_ns = record->time_ns;
	analysis->last_ns = record->time_ns;
	if (analysis->perf)
		rig_perf_stat_add(analysis->perf, record);
	switch (record->kind) {
	case RIG_KIND_SLAB_ALLOC:
	case RIG_KIND_KMALLOC:
		add_slab_alloc(analysis, record);
		break;
	case RIG_KIND_SLAB_FREE:
	case RIG_KIND_KFREE:
		add_slab_free(analysis, record);
		break;
	case RIG_KIND_PAGE_ALLOC:
		rig_analysis_add_page_alloc(analysis, record);
		break;
	case RIG_KIND_PAGE_FREE:
		rig_analysis_add_page_free(analysis, record);
		break;
	case RIG_KIND_PAGE_FREE_BATCHED:
		/* always after an mm_page_free of the same page */
		analysis->pages.batched++;
		break;
	case RIG_KIND_ZONE_LOCKED:
		if ((s32)record->number[RIG_SLOT_PERCPU_REFILL] &&
		    record->present & (1u << RIG_SLOT_PERCPU_REFILL)) {
			analysis->pages.refills++;
			rig_buddy_refilled(analysis->buddy, record->number[RIG_SLOT_PFN],
					   (unsigned int)record->number[RIG_SLOT_ORDER]);
		} else {
			analysis->pages.direct++;
			rig_buddy_allocated(analysis->buddy, record->number[RIG_SLOT_PFN],
					    (unsigned int)record->number[RIG_SLOT_ORDER]);
		}
		break;
	case RIG_KIND_PCPU_DRAIN:
		analysis->pages.drains++;
		rig_buddy_drained(analysis->buddy, record->number[RIG_SLOT_PFN],
				  (unsigned int)record->number[RIG_SLOT_ORDER]);
		break;
	case RIG_KIND_EXTFRAG:
		rig_analysis_add_extfrag(analysis, record);
		break;
	case RIG_KIND_RSS_STAT:
	case RIG_KIND_TASK:
	case RIG_KIND_PERF_COMM:
	case RIG_KIND_PERF_FORK:
	case RIG_KIND_OTHER:
	case RIG_NR_KINDS:
		break;
	}
}

static void add_series(struct rig_series *sum, const struct rig_series *part, unsigned int used)
{
	for (unsigned int i = 0; i < used; i++)
		sum->value[i] += part->value[i];
}

static void finish_class(struct rig_analysis *analysis, struct rig_class *class)
{
	struct rig_cache *cache;
	char name[64];

	if (class->kmalloc)
		snprintf(name, sizeof(name), "kmalloc-%u", class->bytes_alloc);
	else
		snprintf(name, sizeof(name), "(cache of %u bytes)", class->bytes_alloc);
	if (class->cache < 0)
		class->cache = (int)find_cache(analysis, name);
	cache = &analysis->caches[class->cache];
	if (!cache->live)
		cache->live = calloc(1, sizeof(*cache->live));
	if (!cache->live)
		abort();
	rig_series_fill(class->live, analysis->timeline.used);
	add_series(cache->live, class->live, analysis->timeline.used);
	cache->allocs += class->allocs;
	cache->bytes_req += class->bytes_req;
	cache->bytes_alloc += class->allocs * class->bytes_alloc;
	cache->frees += class->frees;
	cache->live_objects += class->live_objects;
	cache->live_bytes += class->live_bytes;
	cache->object_size = class->bytes_alloc;
}

void rig_analysis_finish(struct rig_analysis *analysis)
{
	unsigned int used = analysis->timeline.used;

	for (size_t i = 0; i < analysis->nr_classes; i++)
		finish_class(analysis, &analysis->classes[i]);
	rig_series_fill(&analysis->slab_bytes, used);
	rig_series_fill(&analysis->page_count, used);
	for (unsigned int order = 0; order < RIG_ORDERS; order++)
		rig_series_fill(&analysis->free_by_order[order], used);
}
