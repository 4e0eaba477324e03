/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last N events in memory: for tests, for shrinking a failing run, and as a flight recorder.
 * Strings are copied, so that events stay valid when their cache or task is gone. The same run
 * gives the same ring, byte for byte: rig_ring_digest() compares runs.
 */
#ifndef KMEMRIG_RING_H
#define KMEMRIG_RING_H

#include <kmemrig/event.h>
#include <pthread.h>

struct rig_ring {
	struct rig_event_sink sink; /* attach this one */
	/* private */
	struct rig_event *events;
	size_t capacity;
	u64 total;
	u64 digest;
	struct rig_ring_strings *strings;
	pthread_mutex_t lock;
};

/*
 * A ring of @capacity events (not 0) that wants those of @wanted (RIG_WANT_ALL, RIG_WANT(name) |
 * ...). -ENOMEM.
 */
int rig_ring_init(struct rig_ring *ring, size_t capacity, u64 wanted);

/* Detach it first. */
void rig_ring_fini(struct rig_ring *ring);

/* Forgets all events, and starts the digest anew. */
void rig_ring_clear(struct rig_ring *ring);

/* Events held (at most the capacity), and events ever received since the last clear. */
size_t rig_ring_count(const struct rig_ring *ring);
u64 rig_ring_total(const struct rig_ring *ring);

/* The @index'th event held, oldest first; NULL past the end. Valid until the next event. */
const struct rig_event *rig_ring_get(const struct rig_ring *ring, size_t index);

/* A hash of all events ever received, held or not: every field, CPU, pid, comm and time. */
u64 rig_ring_digest(const struct rig_ring *ring);

/* True: same event, field by field, strings by content. */
bool rig_event_equal(const struct rig_event *a, const struct rig_event *b);

#endif
