// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces read into memory. Strings (command names, cache names) are kept once each, in a hash with
 * open addressing.
 */
#include <kmemrig/command.h>
#include <kmemrig/machine.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_log.h"

/* Marks in the trace: the states recorded beside it belong to these instants. */
#define MARK_BEFORE "SNAP0"
#define MARK_AFTER "SNAP1"

static size_t hash(const char *string)
{
	size_t value = 14695981039346656037ull;

	while (*string)
		value = (value ^ (unsigned char)*string++) * 1099511628211ull;
	return value;
}

static char **string_slot(char **strings, size_t nr_slots, const char *string)
{
	size_t slot = hash(string) % nr_slots;

	while (strings[slot] && strcmp(strings[slot], string))
		slot = (slot + 1) % nr_slots;
	return &strings[slot];
}

static bool grow_strings(struct rig_trace_log *log)
{
	size_t nr = log->nr_string_slots ? log->nr_string_slots * 2 : 512;
	char **strings = calloc(nr, sizeof(*strings));

	if (!strings)
		return false;
	for (size_t i = 0; i < log->nr_string_slots; i++)
		if (log->strings[i])
			*string_slot(strings, nr, log->strings[i]) = log->strings[i];
	free(log->strings);
	log->strings = strings;
	log->nr_string_slots = nr;
	return true;
}

const char *rig_trace_log_string(struct rig_trace_log *log, const char *string)
{
	char **slot;

	if (!string || !*string)
		return "";
	if (log->nr_strings * 2 >= log->nr_string_slots && !grow_strings(log))
		return "";
	slot = string_slot(log->strings, log->nr_string_slots, string);
	if (!*slot) {
		*slot = strdup(string);
		if (!*slot)
			return "";
		log->nr_strings++;
	}
	return *slot;
}

static struct rig_log_site *site_slot(struct rig_log_site *sites, size_t nr_slots, u64 site)
{
	size_t slot = (size_t)(site * 0x9e3779b97f4a7c15ull >> 20) % nr_slots;

	while (sites[slot].site && sites[slot].site != site)
		slot = (slot + 1) % nr_slots;
	return &sites[slot];
}

const char *rig_trace_log_site(const struct rig_trace_log *log, u64 site)
{
	const char *name = NULL;

	if (log->nr_site_slots)
		name = site_slot(log->sites, log->nr_site_slots, site)->name;
	return name ? name : "";
}

static void note_site(struct rig_trace_log *log, u64 site, const char *symbol)
{
	struct rig_log_site *slot;

	if (!site)
		return;
	if (log->nr_sites * 2 >= log->nr_site_slots) {
		size_t nr = log->nr_site_slots ? log->nr_site_slots * 2 : 256;
		struct rig_log_site *sites = calloc(nr, sizeof(*sites));

		if (!sites)
			return;
		for (size_t i = 0; i < log->nr_site_slots; i++)
			if (log->sites[i].site)
				*site_slot(sites, nr, log->sites[i].site) = log->sites[i];
		free(log->sites);
		log->sites = sites;
		log->nr_site_slots = nr;
	}
	slot = site_slot(log->sites, log->nr_site_slots, site);
	if (slot->site)
		return;
	slot->site = site;
	slot->name = rig_trace_log_string(log, symbol);
	log->nr_sites++;
}

static u64 call_site(const struct rig_event *event)
{
	switch (event->id) {
	case RIG_EVENT_kmem_cache_alloc:
		return event->kmem_cache_alloc.call_site;
	case RIG_EVENT_kmalloc:
		return event->kmalloc.call_site;
	case RIG_EVENT_kfree:
		return event->kfree.call_site;
	case RIG_EVENT_kmem_cache_free:
		return event->kmem_cache_free.call_site;
	default:
		return 0;
	}
}

static bool count_other(struct rig_trace_log *log, const char *name)
{
	struct rig_other_event *others;

	for (size_t i = 0; i < log->nr_others; i++)
		if (!strcmp(log->others[i].name, name)) {
			log->others[i].nr++;
			return true;
		}
	others = realloc(log->others, (log->nr_others + 1) * sizeof(*others));
	if (!others)
		return false;
	log->others = others;
	others[log->nr_others].name = strdup(name);
	others[log->nr_others].nr = 1;
	if (!others[log->nr_others].name)
		return false;
	log->nr_others++;
	return true;
}

static bool add_event(struct rig_trace_log *log, const struct rig_event *event)
{
	struct rig_event *copy;

	if (!(log->nr & (log->nr - 1)) || !log->events) {
		size_t nr = log->nr ? log->nr * 2 : 1024;

		if (nr < 1024)
			nr = 1024;
		copy = realloc(log->events, nr * sizeof(*copy));
		if (!copy)
			return false;
		log->events = copy;
	}
	copy = &log->events[log->nr++];
	*copy = *event;
	copy->comm = rig_trace_log_string(log, event->comm);
	if (event->id == RIG_EVENT_kmem_cache_free)
		copy->kmem_cache_free.name = rig_trace_log_string(log, event->kmem_cache_free.name);
	return true;
}

static bool take(struct rig_trace_log *log, const struct rig_trace_event *event)
{
	log->events_read++;
	log->lost += event->lost_before;
	if (event->text && !strcmp(event->text, MARK_BEFORE)) {
		log->first = log->nr;
		log->marked = true;
	}
	if (event->text && !strcmp(event->text, MARK_AFTER) && log->end == SIZE_MAX)
		log->end = log->nr;
	if (event->id == RIG_TRACE_OTHER)
		return count_other(log, event->name);
	log->by_id[event->id]++;
	if (event->symbol)
		note_site(log, call_site(&event->event), event->symbol);
	if (event->event.cpu >= log->nr_cpus)
		log->nr_cpus = event->event.cpu + 1;
	return add_event(log, &event->event);
}

/* What no kernel records: the file is damaged. NULL: nothing is wrong. */
static const char *nonsense(const struct rig_trace_event *read)
{
	const struct rig_event *event = &read->event;
	const u64 most = 1ULL << 40; /* page frames */

	if (event->cpu < 0 || event->cpu >= RIG_NR_CPUS)
		return "a CPU number";
	switch (read->id) {
	case RIG_EVENT_mm_page_alloc:
		if (event->mm_page_alloc.order >= MAX_ORDER)
			return "an order";
		if (event->mm_page_alloc.pfn >= most && event->mm_page_alloc.pfn != ~0ULL)
			return "a page frame number";
		return event->mm_page_alloc.gfp_flags >> 32 ? "gfp flags" : NULL;
	case RIG_EVENT_mm_page_free:
		if (event->mm_page_free.order >= MAX_ORDER)
			return "an order";
		return event->mm_page_free.pfn >= most ? "a page frame number" : NULL;
	case RIG_EVENT_mm_page_free_batched:
		return event->mm_page_free_batched.pfn >= most ? "a page frame number" : NULL;
	case RIG_EVENT_mm_page_alloc_zone_locked:
		return event->mm_page_alloc_zone_locked.order >= MAX_ORDER ? "an order" : NULL;
	case RIG_EVENT_mm_page_pcpu_drain:
		return event->mm_page_pcpu_drain.order >= MAX_ORDER ? "an order" : NULL;
	case RIG_EVENT_mm_page_alloc_extfrag:
		return (u32)event->mm_page_alloc_extfrag.alloc_order >= MAX_ORDER ||
				       (u32)event->mm_page_alloc_extfrag.fallback_order >= MAX_ORDER
			       ? "an order"
			       : NULL;
	case RIG_EVENT_kmalloc:
		return event->kmalloc.gfp_flags >> 32 ? "gfp flags" : NULL;
	case RIG_EVENT_kmem_cache_alloc:
		return event->kmem_cache_alloc.gfp_flags >> 32 ? "gfp flags" : NULL;
	default:
		return NULL;
	}
}

static bool read_one(struct rig_trace_log *log, const char *path, struct rig_progress *progress,
		     char *error)
{
	struct rig_trace_reader *reader = rig_trace_open(path, error);
	enum rig_trace_status status = RIG_TRACE_END;
	struct rig_trace_event event;

	if (!reader)
		return false;
	while ((status = rig_trace_next(reader, &event)) == RIG_TRACE_EVENT) {
		const char *wrong = nonsense(&event);

		if (wrong) {
			snprintf(error, RIG_TRACE_ERROR,
				 "%s: event %llu (%s), byte or line %llu: %s that no kernel has",
				 path, (unsigned long long)log->events_read, event.name,
				 (unsigned long long)event.position, wrong);
			break;
		}
		if (!take(log, &event)) {
			snprintf(error, RIG_TRACE_ERROR,
				 "%s: no host memory for more than %zu "
				 "events",
				 path, log->nr);
			break;
		}
		rig_progress_step(progress, log->events_read);
	}
	if (status == RIG_TRACE_BROKEN)
		snprintf(error, RIG_TRACE_ERROR, "%s", rig_trace_error(reader));
	rig_trace_close(reader);
	return status == RIG_TRACE_END;
}

bool rig_trace_log_read(struct rig_trace_log *log, char *const *paths, size_t nr_paths, char *error)
{
	struct rig_progress progress;
	bool good = true;

	*log = (struct rig_trace_log){ .end = SIZE_MAX };
	rig_progress_begin(&progress, "reading events", 0);
	for (size_t i = 0; i < nr_paths && good; i++)
		good = read_one(log, paths[i], &progress, error);
	rig_progress_end(&progress);
	if (log->end > log->nr)
		log->end = log->nr;
	if (log->first > log->end)
		log->first = log->end;
	return good;
}

void rig_trace_log_free(struct rig_trace_log *log)
{
	for (size_t i = 0; i < log->nr_string_slots; i++)
		free(log->strings[i]);
	for (size_t i = 0; i < log->nr_others; i++)
		free(log->others[i].name);
	free(log->sites);
	free(log->strings);
	free(log->others);
	free(log->events);
	*log = (struct rig_trace_log){ 0 };
}
