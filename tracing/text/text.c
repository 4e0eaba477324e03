// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as ftrace text: the format strings of include/trace/events/{kmem,vmscan,compaction}.h of
 * Linux 6.1, and the line head of trace-cmd report or of the kernel's trace file.
 *
 * The kernel's events are printed by one function each, because the kernel prints some fields that
 * are not stored (page=, fragmenting=) and stores some that it prints otherwise; the rig's own
 * events are printed from the table. Writing a line to a stream is one fwrite, which stdio locks,
 * so that the sink may be called from several threads.
 */
#include <stdarg.h>
#include <string.h>

#include <kmemrig/event_codes.h>
#include <kmemrig/machine.h>
#include <kmemrig/text.h>
#include <linux/kernel.h>

struct line {
	const struct rig_text_config *config;
	char *buffer;
	size_t size;
	size_t used;
};

static void __printf(2, 3) add(struct line *line, const char *format, ...)
{
	size_t room = line->used < line->size ? line->size - line->used : 0;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(room ? line->buffer + line->used : NULL, room, format, args);
	va_end(args);
	line->used += (size_t)length;
}

/* %p */
static void add_plain_pointer(struct line *line, u64 value)
{
	if (line->config->style == RIG_TEXT_FTRACE)
		add(line, "%016llx", (unsigned long long)value);
	else if (value)
		add(line, "0x%llx", (unsigned long long)value);
	else
		add(line, "(nil)");
}

static void add_pointer(struct line *line, const char *name, u64 value)
{
	add(line, "%s=", name);
	add_plain_pointer(line, value);
}

/* %pS */
static void add_symbol(struct line *line, u64 address)
{
	u64 offset = 0, size = 0;
	const char *symbol = NULL;

	if (line->config->symbol)
		symbol = line->config->symbol(line->config->symbol_data, address, &offset, &size);
	if (!symbol)
		add(line, "0x%llx", (unsigned long long)address);
	else if (line->config->style == RIG_TEXT_FTRACE)
		add(line, "%s+0x%llx/0x%llx", symbol, (unsigned long long)offset,
		    (unsigned long long)size);
	else
		add(line, "%s+0x%llx", symbol, (unsigned long long)offset);
}

static void add_site(struct line *line, u64 address)
{
	add(line, "call_site=");
	add_symbol(line, address);
}

static void add_gfp_names(struct line *line, u64 flags)
{
	char names[RIG_GFP_TEXT_SIZE];

	rig_gfp_format(line->config->gfp ? line->config->gfp : rig_gfp_table(NULL), flags, names,
		       sizeof(names));
	add(line, "%s", names);
}

static void add_gfp(struct line *line, u64 flags)
{
	add(line, "gfp_flags=");
	add_gfp_names(line, flags);
}

/* A page that may be none at all: a failed allocation is recorded as pfn -1 and printed as 0. */
static void add_page(struct line *line, u64 pfn)
{
	u64 page = pfn == ~0ULL ? 0 : RIG_VMEMMAP_START + pfn * 64;

	add_pointer(line, "page", page);
	add(line, " pfn=0x%llx", (unsigned long long)(pfn == ~0ULL ? 0 : pfn));
}

#define CODE_NAME(number, name) [number] = name,
#define CODE_NAMES(meaning)                                                                        \
	(const char *const[])                                                                      \
	{                                                                                          \
		RIG_CODES_##meaning(CODE_NAME) NULL                                                \
	}

/* __print_symbolic(): a number without a name is shown in hexadecimal. @names ends with NULL. */
static void add_code(struct line *line, const char *field, const char *const *names, s64 code)
{
	s64 known = 0;

	while (known < code && names[known])
		known++;
	if (known == code && names[code])
		add(line, "%s=%s", field, names[code]);
	else
		add(line, "%s=0x%llx", field, (unsigned long long)(u32)code);
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void print_kmem_cache_alloc(struct line *line, const struct rig_event_kmem_cache_alloc *e)
{
	add_site(line, e->call_site);
	add(line, " ");
	add_pointer(line, "ptr", e->ptr);
	add(line, " bytes_req=%llu bytes_alloc=%llu ", (unsigned long long)e->bytes_req,
	    (unsigned long long)e->bytes_alloc);
	add_gfp(line, e->gfp_flags);
	add(line, " node=%d accounted=%s", e->node, truth(e->accounted));
}

static void print_kmalloc(struct line *line, const struct rig_event_kmalloc *e)
{
	add_site(line, e->call_site);
	add(line, " ");
	add_pointer(line, "ptr", e->ptr);
	add(line, " bytes_req=%llu bytes_alloc=%llu ", (unsigned long long)e->bytes_req,
	    (unsigned long long)e->bytes_alloc);
	add_gfp(line, e->gfp_flags);
	add(line, " node=%d accounted=%s", e->node,
	    truth(line->config->memcg && (e->gfp_flags & ___GFP_ACCOUNT)));
}

static void print_kfree(struct line *line, const struct rig_event_kfree *e)
{
	add_site(line, e->call_site);
	add(line, " ");
	add_pointer(line, "ptr", e->ptr);
}

static void print_kmem_cache_free(struct line *line, const struct rig_event_kmem_cache_free *e)
{
	add_site(line, e->call_site);
	add(line, " ");
	add_pointer(line, "ptr", e->ptr);
	add(line, " name=%s", e->name ? e->name : "");
}

static void print_mm_page_free(struct line *line, const struct rig_event_mm_page_free *e)
{
	add_page(line, e->pfn);
	add(line, " order=%d", (int)e->order);
}

static void print_mm_page_free_batched(struct line *line,
				       const struct rig_event_mm_page_free_batched *e)
{
	add_page(line, e->pfn);
	add(line, " order=0");
}

static void print_mm_page_alloc(struct line *line, const struct rig_event_mm_page_alloc *e)
{
	add_page(line, e->pfn);
	add(line, " order=%d migratetype=%d ", (int)e->order, e->migratetype);
	add_gfp(line, e->gfp_flags);
}

static void print_mm_page_alloc_zone_locked(struct line *line,
					    const struct rig_event_mm_page_alloc_zone_locked *e)
{
	add_page(line, e->pfn);
	add(line, " order=%u migratetype=%d percpu_refill=%d", e->order, e->migratetype,
	    e->percpu_refill);
}

static void print_mm_page_pcpu_drain(struct line *line,
				     const struct rig_event_mm_page_pcpu_drain *e)
{
	add_page(line, e->pfn);
	add(line, " order=%d migratetype=%d", (int)e->order, e->migratetype);
}

static void print_mm_page_alloc_extfrag(struct line *line,
					const struct rig_event_mm_page_alloc_extfrag *e)
{
	int pageblock_order =
		line->config->pageblock_order ? (int)line->config->pageblock_order : MAX_ORDER - 1;

	add_page(line, e->pfn);
	add(line,
	    " alloc_order=%d fallback_order=%d pageblock_order=%d alloc_migratetype=%d "
	    "fallback_migratetype=%d fragmenting=%d change_ownership=%d",
	    e->alloc_order, e->fallback_order, pageblock_order, e->alloc_migratetype,
	    e->fallback_migratetype, e->fallback_order < pageblock_order, e->change_ownership);
}

static void print_rss_stat(struct line *line, const struct rig_event_rss_stat *e)
{
	add(line, "mm_id=%u curr=%d ", e->mm_id, (int)e->curr);
	add_code(line, "type", CODE_NAMES(MEMBER), e->member);
	add(line, " size=%lldB", (long long)e->size);
}

static void print_mm_vmscan_kswapd_sleep(struct line *line,
					 const struct rig_event_mm_vmscan_kswapd_sleep *e)
{
	add(line, "nid=%d", e->nid);
}

static void print_mm_vmscan_kswapd_wake(struct line *line,
					const struct rig_event_mm_vmscan_kswapd_wake *e)
{
	add(line, "nid=%d order=%d", e->nid, e->order);
}

static void print_mm_vmscan_wakeup_kswapd(struct line *line,
					  const struct rig_event_mm_vmscan_wakeup_kswapd *e)
{
	add(line, "nid=%d order=%d ", e->nid, e->order);
	add_gfp(line, e->gfp_flags);
}

static void
print_mm_vmscan_direct_reclaim_begin(struct line *line,
				     const struct rig_event_mm_vmscan_direct_reclaim_begin *e)
{
	add(line, "order=%d ", e->order);
	add_gfp(line, e->gfp_flags);
}

static void
print_mm_vmscan_direct_reclaim_end(struct line *line,
				   const struct rig_event_mm_vmscan_direct_reclaim_end *e)
{
	add(line, "nr_reclaimed=%llu", (unsigned long long)e->nr_reclaimed);
}

static void add_shrinker(struct line *line, u64 shrink, u64 shr, int nid)
{
	add_symbol(line, shrink);
	add(line, " ");
	add_plain_pointer(line, shr);
	add(line, ": nid: %d", nid);
}

static void print_mm_shrink_slab_start(struct line *line,
				       const struct rig_event_mm_shrink_slab_start *e)
{
	add_shrinker(line, e->shrink, e->shr, e->nid);
	add(line, " objects to shrink %lld gfp_flags ", (long long)e->nr_objects_to_shrink);
	add_gfp_names(line, e->gfp_flags);
	add(line, " cache items %lld delta %lld total_scan %lld priority %d",
	    (long long)e->cache_items, (long long)e->delta, (long long)e->total_scan, e->priority);
}

static void print_mm_shrink_slab_end(struct line *line,
				     const struct rig_event_mm_shrink_slab_end *e)
{
	add_shrinker(line, e->shrink, e->shr, e->nid);
	add(line,
	    " unused scan count %lld new scan count %lld total_scan %lld last shrinker return val "
	    "%d",
	    (long long)e->unused_scan, (long long)e->new_scan, (long long)e->total_scan, e->retval);
}

/* The head that begin and end share. */
#define ADD_COMPACTION(line, e)                                                                    \
	add(line, "zone_start=0x%llx migrate_pfn=0x%llx free_pfn=0x%llx zone_end=0x%llx, mode=%s", \
	    (unsigned long long)(e)->zone_start, (unsigned long long)(e)->migrate_pfn,             \
	    (unsigned long long)(e)->free_pfn, (unsigned long long)(e)->zone_end,                  \
	    (e)->sync ? "sync" : "async")

static void print_mm_compaction_begin(struct line *line,
				      const struct rig_event_mm_compaction_begin *e)
{
	ADD_COMPACTION(line, e);
}

static void print_mm_compaction_end(struct line *line, const struct rig_event_mm_compaction_end *e)
{
	ADD_COMPACTION(line, e);
	add(line, " ");
	add_code(line, "status", CODE_NAMES(STATUS), e->status);
}

static void print_mm_compaction_try_to_compact_pages(
	struct line *line, const struct rig_event_mm_compaction_try_to_compact_pages *e)
{
	add(line, "order=%d gfp_mask=", e->order);
	add_gfp_names(line, e->gfp_mask);
	add(line, " priority=%d", e->prio);
}

static const char *zone_type_name(int idx)
{
	const char *const *names = CODE_NAMES(ZONE);

	return idx >= 0 && idx < 5 ? names[idx] : "?";
}

#define PRINT_ISOLATE(name)                                                                        \
	static void print_##name(struct line *line, const struct rig_event_##name *e)              \
	{                                                                                          \
		add(line, "range=(0x%llx ~ 0x%llx) nr_scanned=%llu nr_taken=%llu",                 \
		    (unsigned long long)e->start_pfn, (unsigned long long)e->end_pfn,              \
		    (unsigned long long)e->nr_scanned, (unsigned long long)e->nr_taken);           \
	}
PRINT_ISOLATE(mm_compaction_isolate_migratepages)
PRINT_ISOLATE(mm_compaction_isolate_freepages)

static void print_mm_compaction_migratepages(struct line *line,
					     const struct rig_event_mm_compaction_migratepages *e)
{
	add(line, "nr_migrated=%llu nr_failed=%llu", (unsigned long long)e->nr_migrated,
	    (unsigned long long)e->nr_failed);
}

#define PRINT_SUITABLE(name)                                                                       \
	static void print_##name(struct line *line, const struct rig_event_##name *e)              \
	{                                                                                          \
		add(line, "node=%d zone=%-8s order=%d", e->nid, zone_type_name(e->idx), e->order); \
		add(line, " ");                                                                    \
		add_code(line, "ret", CODE_NAMES(STATUS), e->ret);                                 \
	}
PRINT_SUITABLE(mm_compaction_finished)
PRINT_SUITABLE(mm_compaction_suitable)

#define PRINT_DEFER(name)                                                                          \
	static void print_##name(struct line *line, const struct rig_event_##name *e)              \
	{                                                                                          \
		add(line, "node=%d zone=%-8s order=%d order_failed=%d consider=%u limit=%lu",      \
		    e->nid, zone_type_name(e->idx), e->order, e->order_failed, e->considered,      \
		    1UL << (e->defer_shift & 63));                                                 \
	}
PRINT_DEFER(mm_compaction_deferred)
PRINT_DEFER(mm_compaction_defer_compaction)
PRINT_DEFER(mm_compaction_defer_reset)

static void
print_mm_compaction_kcompactd_sleep(struct line *line,
				    const struct rig_event_mm_compaction_kcompactd_sleep *e)
{
	add(line, "nid=%d", e->nid);
}

#define PRINT_KCOMPACTD(name)                                                                      \
	static void print_##name(struct line *line, const struct rig_event_##name *e)              \
	{                                                                                          \
		add(line, "nid=%d order=%d classzone_idx=%-8s", e->nid, e->order,                  \
		    zone_type_name(e->highest_zoneidx));                                           \
	}
PRINT_KCOMPACTD(mm_compaction_wakeup_kcompactd)
PRINT_KCOMPACTD(mm_compaction_kcompactd_wake)

/* Fields of the rig's own events, by their meaning in the table. */
static void add_DEC(struct line *line, const char *name, s64 value)
{
	add(line, "%s=%lld", name, (long long)value);
}

static void add_RESULT(struct line *line, const char *name, s64 value)
{
	add_code(line, name, CODE_NAMES(RESULT), value);
}

static void add_GFP(struct line *line, const char *name, u64 value)
{
	add_gfp(line, value);
}

static void add_SITE(struct line *line, const char *name, u64 value)
{
	add_site(line, value);
}

static void add_STR(struct line *line, const char *name, const char *value)
{
	add(line, "%s=%s", name, value ? value : "");
}

#define ADD_FIELD(type, field, meaning)                                                            \
	add(line, "%s", line->used == start ? "" : " ");                                           \
	add_##meaning(line, #field, e->field);

#define PRINT_OWN(system, name)                                                                    \
	static void print_##name(struct line *line, const struct rig_event_##name *e)              \
	{                                                                                          \
		size_t start = line->used;                                                         \
                                                                                                   \
		RIG_FIELDS_##name(ADD_FIELD)                                                       \
	}
RIG_OWN_EVENTS(PRINT_OWN)

/* Microseconds, rounded as ns2usecs() and trace-cmd do. */
static void add_head(struct line *line, const struct rig_event *event)
{
	unsigned long long us = (event->time_ns + 500) / 1000;
	const char *comm = event->comm ? event->comm : "<...>";
	const char *name = rig_event_name(event->id);

	if (line->config->style == RIG_TEXT_FTRACE) {
		add(line, "%16s-%-7d [%03d] ..... %5llu.%06llu: %s: ", comm, event->pid, event->cpu,
		    us / 1000000, us % 1000000, name);
	} else {
		int padding = 20 - (int)strlen(name);

		add(line, "%16s-%-5d [%03d] %5llu.%06llu: %s:%*s", comm, event->pid, event->cpu,
		    us / 1000000, us % 1000000, name, padding > 0 ? padding + 1 : 1, "");
	}
}

int rig_text_format(const struct rig_text_config *config, const struct rig_event *event,
		    char *buffer, size_t size)
{
	struct line line = { .config = config, .buffer = buffer, .size = size };

	add_head(&line, event);
	switch (event->id) {
#define PRINT_CASE(system, name)                                                                   \
	case RIG_EVENT_##name:                                                                     \
		print_##name(&line, &event->name);                                                 \
		break;
		RIG_EVENTS(PRINT_CASE)
#undef PRINT_CASE
	case RIG_NR_EVENTS:
		break;
	}
	return (int)line.used;
}

static void emit_line(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct rig_text *text = container_of(sink, struct rig_text, sink);
	char buffer[2048];
	size_t length = (size_t)rig_text_format(&text->config, event, buffer, sizeof(buffer) - 1);

	if (length > sizeof(buffer) - 2)
		length = sizeof(buffer) - 2;
	buffer[length++] = '\n';
	if (fwrite(buffer, 1, length, text->out) != length)
		WRITE_ONCE(text->failed, true);
	__atomic_add_fetch(&text->lines, 1, __ATOMIC_RELAXED);
}

void rig_text_init(struct rig_text *text, FILE *out, const struct rig_text_config *config)
{
	*text = (struct rig_text){
		.sink = { .emit = emit_line, .wanted = RIG_WANT_ALL },
		.out = out,
	};
	if (config)
		text->config = *config;
}
