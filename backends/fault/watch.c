// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine in a program that `kmemrig fault` runs: the environment says which allocation fails,
 * and a file gets what happened, a record a line:
 *
 *	fault NTH ATTRIBUTE BYTES GFP SITE      the planned failure was made
 *	leak KIND BYTES SITE                    live at the end: object, pages or vmalloc
 *	end CALLS FAILURES                      the machine was taken down in order
 *
 * Counting and watching begin when the machine is built, so its own boot does not count. Leaks are
 * what events say was handed out since then and was not given back when the machine is taken down;
 * pages that a slab allocator or a large kmalloc took stand for their objects and are not counted
 * twice.
 *
 * The table of live allocations is an open-addressed hash in host memory, under a mutex.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/context.h>
#include <kmemrig/event.h>
#include <kmemrig/vmalloc.h>
#include <linux/kernel.h>
#include <linux/page-flags.h>

#include "private.h"

#define FIRST_SLOTS 1024 /* a power of two */
#define SYMBOL_SIZE 160
#define COUNT_ONLY (~0ULL) /* a plan that counts and never fires */

enum live_kind { LIVE_NONE, LIVE_OBJECT, LIVE_PAGES, LIVE_GONE };

struct live {
	enum live_kind kind;
	u64 key; /* kernel's address of an object, pfn of pages */
	u64 bytes;
	unsigned long site;
};

struct rig_fault_watch {
	struct rig_event_sink sink;
	struct rig_machine *machine;
	pthread_mutex_t lock;
	struct live *slots;
	size_t nr_slots, used; /* used: live and gone */
	u64 serial_before;     /* of vmalloc areas */
	int fd;
};

static size_t slot_of(const struct rig_fault_watch *watch, enum live_kind kind, u64 key)
{
	u64 hash = (key + (u64)kind) * 0x9e3779b97f4a7c15ULL;
	size_t at = (size_t)(hash >> 20) & (watch->nr_slots - 1);

	while (watch->slots[at].kind != LIVE_NONE &&
	       !(watch->slots[at].kind == kind && watch->slots[at].key == key))
		at = (at + 1) & (watch->nr_slots - 1);
	return at;
}

static bool grow(struct rig_fault_watch *watch)
{
	struct live *old = watch->slots;
	size_t nr_old = watch->nr_slots;

	watch->nr_slots = nr_old ? nr_old * 2 : FIRST_SLOTS;
	watch->slots = calloc(watch->nr_slots, sizeof(*watch->slots));
	if (!watch->slots) {
		watch->slots = old;
		watch->nr_slots = nr_old;
		return false;
	}
	watch->used = 0;
	for (size_t i = 0; i < nr_old; i++) {
		if (old[i].kind != LIVE_OBJECT && old[i].kind != LIVE_PAGES)
			continue;
		watch->slots[slot_of(watch, old[i].kind, old[i].key)] = old[i];
		watch->used++;
	}
	free(old);
	return true;
}

static void forget(struct rig_fault_watch *watch, enum live_kind kind, u64 key)
{
	size_t at = slot_of(watch, kind, key);

	if (watch->slots[at].kind == kind)
		watch->slots[at].kind = LIVE_GONE;
}

static void remember(struct rig_fault_watch *watch, const struct live *live)
{
	size_t at;

	if (watch->used * 2 >= watch->nr_slots && !grow(watch))
		return;
	at = slot_of(watch, live->kind, live->key);
	watch->used += watch->slots[at].kind == LIVE_NONE;
	watch->slots[at] = *live;
}

static void object_made(struct rig_fault_watch *watch, struct rig_cpu *cpu, u64 address, u64 bytes,
			unsigned long site)
{
	struct live live = { LIVE_OBJECT, address, bytes, site };

	if (!address || address <= 16) /* NULL, or the address of an object of no size */
		return;
	if (!site)
		live.site = rig_fault_call_site(cpu);
	/* A large kmalloc is pages: they are the object. */
	forget(watch, LIVE_PAGES, PHYS_PFN(address - RIG_PAGE_OFFSET));
	remember(watch, &live);
}

static void watch_event(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct rig_fault_watch *watch = container_of(sink, struct rig_fault_watch, sink);
	struct rig_cpu *cpu = &watch->machine->cpus[event->cpu];

	pthread_mutex_lock(&watch->lock);
	switch (event->id) {
	case RIG_EVENT_kmalloc:
		object_made(watch, cpu, event->kmalloc.ptr, event->kmalloc.bytes_alloc, 0);
		break;
	case RIG_EVENT_kmem_cache_alloc:
		object_made(watch, cpu, event->kmem_cache_alloc.ptr,
			    event->kmem_cache_alloc.bytes_alloc, 0);
		break;
	case RIG_EVENT_kfree:
		forget(watch, LIVE_OBJECT, event->kfree.ptr);
		break;
	case RIG_EVENT_kmem_cache_free:
		forget(watch, LIVE_OBJECT, event->kmem_cache_free.ptr);
		break;
	case RIG_EVENT_mm_page_alloc:
		if (event->mm_page_alloc.pfn != ~0ULL)
			remember(watch, &(struct live){ LIVE_PAGES, event->mm_page_alloc.pfn,
							PAGE_SIZE << event->mm_page_alloc.order,
							rig_fault_call_site(cpu) });
		break;
	case RIG_EVENT_mm_page_free:
		forget(watch, LIVE_PAGES, event->mm_page_free.pfn);
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&watch->lock);
}

void rig_fault_watch_fired(struct rig_cpu *cpu, const char *attribute, u64 nth, size_t size,
			   gfp_t gfp)
{
	struct rig_fault_watch *watch = cpu->machine->fault->watch;
	char site[SYMBOL_SIZE];

	if (watch)
		dprintf(watch->fd, "fault %llu %s %zu 0x%x %s\n", (unsigned long long)nth,
			attribute, size, (__force unsigned int)gfp,
			rig_symbol(rig_fault_call_site(cpu), site, sizeof(site)));
}

static void plan_from_environment(struct rig_fault_plan *plan)
{
	const char *nth = getenv("KMEMRIG_FAULT_NTH");
	const char *mode = getenv("KMEMRIG_FAULT_MODE");
	const char *gfp = getenv("KMEMRIG_FAULT_GFP");

	plan->nth = nth ? strtoull(nth, NULL, 10) : 0;
	if (plan->nth == 0)
		plan->nth = COUNT_ONLY;
	plan->persistent = mode && strcmp(mode, "persistent") == 0;
	if (gfp && !rig_fault_parse_gfp(gfp, &plan->gfp))
		plan->gfp = 0;
}

void rig_fault_watch_begin(struct rig_machine *machine)
{
	const char *path = getenv("KMEMRIG_FAULT_REPORT");
	struct rig_fault_watch *watch;

	if (!path || !machine->fault)
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return;
	watch->machine = machine;
	pthread_mutex_init(&watch->lock, NULL);
	watch->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (watch->fd < 0 || !grow(watch)) {
		fprintf(stderr, "kmemrig: KMEMRIG_FAULT_REPORT: %s: %s\n", path, strerror(errno));
		if (watch->fd >= 0)
			close(watch->fd);
		free(watch);
		return;
	}
	watch->sink.emit = watch_event;
	watch->sink.wanted = RIG_WANT(kmalloc) | RIG_WANT(kfree) | RIG_WANT(kmem_cache_alloc) |
			     RIG_WANT(kmem_cache_free) | RIG_WANT(mm_page_alloc) |
			     RIG_WANT(mm_page_free);
	watch->serial_before = rig_vmalloc_serial(machine);
	machine->fault->watch = watch;
	plan_from_environment(&machine->fault->plan);
	rig_event_attach(machine, &watch->sink);
	rig_fault_rearm(machine);
}

static bool stands_for_itself(const struct rig_fault_watch *watch, const struct live *live)
{
	const struct page *page;

	if (live->kind == LIVE_OBJECT)
		return !rig_vmalloc_owns(watch->machine,
					 rig_host_address(watch->machine, live->key));
	page = rig_pfn_to_page(watch->machine, live->key);
	return live->kind == LIVE_PAGES && !PageSlab(page);
}

/* By address, so that a run repeats to the byte. */
static int by_key(const void *a, const void *b)
{
	const struct live *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return left->key < right->key ? -1 : left->key > right->key;
}

static void report_leaks(struct rig_fault_watch *watch)
{
	char site[SYMBOL_SIZE];
	const struct vm_struct *area = NULL;

	qsort(watch->slots, watch->nr_slots, sizeof(*watch->slots), by_key);
	for (size_t i = 0; i < watch->nr_slots; i++) {
		const struct live *live = &watch->slots[i];

		if ((live->kind == LIVE_OBJECT || live->kind == LIVE_PAGES) &&
		    stands_for_itself(watch, live))
			dprintf(watch->fd, "leak %s %llu %s\n",
				live->kind == LIVE_OBJECT ? "object" : "pages",
				(unsigned long long)live->bytes,
				rig_symbol(live->site, site, sizeof(site)));
	}
	while ((area = rig_vmalloc_next_area(watch->machine, area)) != NULL)
		if (area->serial > watch->serial_before)
			dprintf(watch->fd, "leak vmalloc %lu %s\n", area->size,
				rig_symbol(area->caller, site, sizeof(site)));
}

void rig_fault_watch_end(struct rig_machine *machine)
{
	struct rig_fault *fault = machine->fault;
	struct rig_fault_watch *watch = fault ? fault->watch : NULL;
	struct rig_fault_plan plan;

	if (!watch)
		return;
	/* What still waits its turn to be freed is not leaked. */
	plan = fault->plan;
	memset(&fault->plan, 0, sizeof(fault->plan));
	rig_run_work(&machine->cpus[0]);
	if (machine->vmalloc)
		rig_vmalloc_settle(&machine->cpus[0]);
	rig_event_detach(machine, &watch->sink);
	report_leaks(watch);
	dprintf(watch->fd, "end %llu %llu\n", (unsigned long long)plan.calls,
		(unsigned long long)plan.failures);
	close(watch->fd);
	pthread_mutex_destroy(&watch->lock);
	free(watch->slots);
	free(watch);
	fault->watch = NULL;
	rig_fault_rearm(machine);
}
