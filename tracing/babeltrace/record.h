/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kmem event, whatever recorded it: LTTng on a kernel (kmem_kmalloc), our LTTng-UST provider
 * and perf (kmem:kmalloc), trace-cmd and ftrace text (by way of source.kmemrig.ftrace).
 */
#ifndef RIG_BT_RECORD_H
#define RIG_BT_RECORD_H

#include <babeltrace2/babeltrace.h>
#include <linux/types.h>

enum rig_kind {
	RIG_KIND_OTHER,	     /* only counted */
	RIG_KIND_SLAB_ALLOC, /* kmem_cache_alloc[_node] */
	RIG_KIND_KMALLOC,    /* kmalloc[_node] */
	RIG_KIND_KFREE,
	RIG_KIND_SLAB_FREE, /* kmem_cache_free */
	RIG_KIND_PAGE_ALLOC,
	RIG_KIND_PAGE_FREE, /* mm_page_free, mm_page_free_direct */
	RIG_KIND_PAGE_FREE_BATCHED,
	RIG_KIND_ZONE_LOCKED,
	RIG_KIND_PCPU_DRAIN,
	RIG_KIND_EXTFRAG,
	RIG_KIND_RSS_STAT,
	RIG_KIND_TASK,	    /* kmemrig:task: whom a simulated CPU works for */
	RIG_KIND_PERF_COMM, /* perf data convert --all: a task's name */
	RIG_KIND_PERF_FORK, /* and a new task, which has its parent's */
	RIG_NR_KINDS
};

/* Fields; a record's present bits say which the event had. */
enum rig_slot {
	RIG_SLOT_CALL_SITE,
	RIG_SLOT_PTR,
	RIG_SLOT_BYTES_REQ,
	RIG_SLOT_BYTES_ALLOC,
	RIG_SLOT_GFP,
	RIG_SLOT_NODE,
	RIG_SLOT_PFN,
	RIG_SLOT_ORDER,	      /* alloc_order of extfrag */
	RIG_SLOT_MIGRATETYPE, /* alloc_migratetype of extfrag */
	RIG_SLOT_PERCPU_REFILL,
	RIG_SLOT_FALLBACK_ORDER,
	RIG_SLOT_FALLBACK_MIGRATETYPE,
	RIG_SLOT_CHANGE_OWNERSHIP,
	RIG_SLOT_PID,
	RIG_SLOT_CPU,
	RIG_SLOT_PARENT, /* of a perf_fork */
	RIG_NR_NUMBERS,
	/* strings */
	RIG_SLOT_NAME = RIG_NR_NUMBERS,
	RIG_SLOT_COMM,
	RIG_SLOT_SYMBOL, /* call_site of traces that hold no addresses */
	RIG_NR_SLOTS
};

#define RIG_PFN_NONE (~0ULL) /* of a failed page allocation */

struct rig_record {
	enum rig_kind kind;
	unsigned int present; /* bits: enum rig_slot */
	s64 time_ns;	      /* from the clock's origin */
	int cpu;
	int pid;
	const char *comm; /* "" when not known */
	u64 number[RIG_NR_NUMBERS];
	const char *text[RIG_NR_SLOTS - RIG_NR_NUMBERS]; /* borrowed; NULL: not there */
	struct rig_event_name *name;
};

/* Of each different event name; the count is the reader's. */
struct rig_event_name {
	const char *name;
	enum rig_kind kind;
	u64 count;
	u64 incomplete;	      /* events that were left out, as they lack a field of needed */
	unsigned int lacking; /* bits: enum rig_slot: fields that an analysis wants and that are not
				 there */
};

static inline const char *rig_record_text(const struct rig_record *record, enum rig_slot slot)
{
	return record->text[slot - RIG_NR_NUMBERS];
}

struct rig_reader;

struct rig_reader *rig_reader_create(void);
void rig_reader_destroy(struct rig_reader *reader);

/* A packet begins or a stream ends: what was known about the stream's CPU and task changes. */
void rig_reader_packet_begin(struct rig_reader *reader, const bt_packet *packet);
void rig_reader_stream_end(struct rig_reader *reader, const bt_stream *stream);

/*
 * Reads an event message. False: nothing for an analysis (counted, another kind, or lacking
 * fields); name, time, CPU and task are set then, too. Strings are valid until the message goes.
 */
bool rig_reader_read(struct rig_reader *reader, const bt_message *message,
		     struct rig_record *record);

/* The CPU of @stream's next event, as far as packets and kmemrig:task have told it; or 0. */
int rig_reader_cpu(struct rig_reader *reader, const bt_stream *stream);

/* The names met so far, in order of appearance; NULL past the end. */
const struct rig_event_name *rig_reader_name(const struct rig_reader *reader, size_t index);

/* Strings of the trace's environment, of the first trace met: "kernel_release", ...; or NULL. */
const char *rig_reader_environment(const struct rig_reader *reader, const char *name);

/* The names of the fields that these events lack, with commas between them; "" when none. */
const char *rig_lacking_text(const struct rig_event_name *name, char *text, size_t size);

/* The kind of an event name with or without "kmem:" or "kmem_" before it. */
enum rig_kind rig_kind_of(const char *name);

#endif
