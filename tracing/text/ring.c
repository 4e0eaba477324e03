// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last N events, in an array that is written round and round. total counts all; event i of
 * them (from 0) is in slot i % capacity.
 *
 * Strings of events are borrowed for the call, so each different one is kept once, in a hash
 * table that only grows (names of caches, tasks and checks: few). Invariant: every string in
 * a slot belongs to the table.
 *
 * One mutex around emit: sinks are called from all CPUs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/ring.h>
#include <linux/kernel.h>

#define STRING_BUCKETS 256

struct string_entry {
	struct string_entry *next;
	char text[];
};

struct rig_ring_strings {
	struct string_entry *buckets[STRING_BUCKETS];
	const char *last; /* events of one task come in runs */
};

#define FNV_OFFSET 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static u64 hash_bytes(u64 hash, const void *data, size_t size)
{
	const u8 *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

/* One number into a digest: multiply and fold, so that order and every bit count. */
static u64 hash_number(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* The table's copy of @text; "" when there is no memory for one. */
static const char *intern(struct rig_ring_strings *strings, const char *text)
{
	size_t length = strlen(text);
	struct string_entry **bucket =
		&strings->buckets[hash_bytes(FNV_OFFSET, text, length) % STRING_BUCKETS];
	struct string_entry *entry;

	for (entry = *bucket; entry; entry = entry->next)
		if (strcmp(entry->text, text) == 0)
			return entry->text;
	entry = malloc(sizeof(*entry) + length + 1);
	if (!entry)
		return "";
	memcpy(entry->text, text, length + 1);
	entry->next = *bucket;
	*bucket = entry;
	return entry->text;
}

static void free_strings(struct rig_ring_strings *strings)
{
	for (size_t i = 0; i < STRING_BUCKETS; i++) {
		while (strings->buckets[i]) {
			struct string_entry *entry = strings->buckets[i];

			strings->buckets[i] = entry->next;
			free(entry);
		}
	}
}

/* Strings are told from numbers by the field's type. */
#define IS_STRING(value) _Generic((value), const char * : true, default : false)
#define AS_STRING(value) _Generic((value), const char * : (value), default : "")

#define AS_NUMBER(value) _Generic((value), const char * : 0, default : (u64)(value))

#define HASH_FIELD(type, field, meaning)                                                           \
	if (IS_STRING(e->field)) {                                                                 \
		const char *text = AS_STRING(e->field);                                            \
                                                                                                   \
		hash = hash_bytes(hash, text ? text : "", text ? strlen(text) + 1 : 1);            \
	} else {                                                                                   \
		hash = hash_number(hash, AS_NUMBER(e->field));                                     \
	}

static u64 hash_event(u64 hash, const struct rig_event *event)
{
	const char *comm = event->comm ? event->comm : "";

	hash = hash_number(hash, (u64)event->id << 32 | (u32)event->cpu);
	hash = hash_number(hash, (u64)(u32)event->pid);
	hash = hash_number(hash, event->time_ns);
	hash = hash_bytes(hash, comm, strlen(comm) + 1);
	switch (event->id) {
#define HASH_CASE(system, name)                                                                    \
	case RIG_EVENT_##name: {                                                                   \
		const struct rig_event_##name *e = &event->name;                                   \
                                                                                                   \
		RIG_FIELDS_##name(HASH_FIELD) break;                                               \
	}
		RIG_EVENTS(HASH_CASE)
#undef HASH_CASE
	case RIG_NR_EVENTS:
		break;
	}
	return hash;
}

static const char *keep_string(struct rig_ring_strings *strings, const char *text)
{
	return text ? intern(strings, text) : NULL;
}

#define KEEP_STR(field) e->field = keep_string(strings, e->field);
#define KEEP_DEC(field)
#define KEEP_HEX(field)
#define KEEP_BOOL(field)
#define KEEP_GFP(field)
#define KEEP_PTR(field)
#define KEEP_SITE(field)
#define KEEP_PFN(field)
#define KEEP_MT(field)
#define KEEP_MODE(field)
#define KEEP_STATUS(field)
#define KEEP_PRIO(field)
#define KEEP_ZONE(field)
#define KEEP_MEMBER(field)
#define KEEP_RESULT(field)
#define KEEP_FIELD(type, field, meaning) KEEP_##meaning(field)

static void keep_strings(struct rig_ring_strings *strings, struct rig_event *event)
{
	if (event->comm && strings->last && strcmp(event->comm, strings->last) == 0)
		event->comm = strings->last;
	else
		event->comm = strings->last = keep_string(strings, event->comm);
	switch (event->id) {
#define KEEP_CASE(system, name)                                                                    \
	case RIG_EVENT_##name: {                                                                   \
		struct rig_event_##name *e __maybe_unused = &event->name;                          \
                                                                                                   \
		RIG_FIELDS_##name(KEEP_FIELD) break;                                               \
	}
		RIG_EVENTS(KEEP_CASE)
#undef KEEP_CASE
	case RIG_NR_EVENTS:
		break;
	}
}

static void emit_to_ring(struct rig_event_sink *sink, const struct rig_event *event)
{
	struct rig_ring *ring = container_of(sink, struct rig_ring, sink);
	struct rig_event *slot;

	pthread_mutex_lock(&ring->lock);
	slot = &ring->events[ring->total % ring->capacity];
	*slot = *event;
	keep_strings(ring->strings, slot);
	ring->digest = hash_event(ring->digest, slot);
	ring->total++;
	pthread_mutex_unlock(&ring->lock);
}

int rig_ring_init(struct rig_ring *ring, size_t capacity, u64 wanted)
{
	*ring = (struct rig_ring){
		.sink = { .emit = emit_to_ring, .wanted = wanted },
		.capacity = capacity,
		.digest = FNV_OFFSET,
	};
	ring->events = calloc(capacity, sizeof(*ring->events));
	ring->strings = calloc(1, sizeof(*ring->strings));
	if (!ring->events || !ring->strings) {
		free(ring->events);
		free(ring->strings);
		return -ENOMEM;
	}
	pthread_mutex_init(&ring->lock, NULL);
	return 0;
}

void rig_ring_fini(struct rig_ring *ring)
{
	free_strings(ring->strings);
	free(ring->strings);
	free(ring->events);
	pthread_mutex_destroy(&ring->lock);
}

void rig_ring_clear(struct rig_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->total = 0;
	ring->digest = FNV_OFFSET;
	pthread_mutex_unlock(&ring->lock);
}

size_t rig_ring_count(const struct rig_ring *ring)
{
	return ring->total < ring->capacity ? (size_t)ring->total : ring->capacity;
}

u64 rig_ring_total(const struct rig_ring *ring)
{
	return ring->total;
}

const struct rig_event *rig_ring_get(const struct rig_ring *ring, size_t index)
{
	size_t count = rig_ring_count(ring);

	if (index >= count)
		return NULL;
	return &ring->events[(ring->total - count + index) % ring->capacity];
}

u64 rig_ring_digest(const struct rig_ring *ring)
{
	return ring->digest;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

#define EQUAL_FIELD(type, field, meaning)                                                          \
	if (IS_STRING(x->field) ? !same_text(AS_STRING(x->field), AS_STRING(y->field))             \
				: x->field != y->field)                                            \
		return false;

bool rig_event_equal(const struct rig_event *a, const struct rig_event *b)
{
	if (a->id != b->id || a->cpu != b->cpu || a->pid != b->pid || a->time_ns != b->time_ns ||
	    !same_text(a->comm, b->comm))
		return false;
	switch (a->id) {
#define EQUAL_CASE(system, name)                                                                   \
	case RIG_EVENT_##name: {                                                                   \
		const struct rig_event_##name *x = &a->name, *y = &b->name;                        \
                                                                                                   \
		RIG_FIELDS_##name(EQUAL_FIELD) break;                                              \
	}
		RIG_EVENTS(EQUAL_CASE)
#undef EQUAL_CASE
	case RIG_NR_EVENTS:
		break;
	}
	return true;
}
