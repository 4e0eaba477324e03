// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which page frames are free, as far as a trace tells. A frame that no event has named yet is
 * unknown, and counts as taken. The rest follows from the events, since they name every way of a
 * page between the zone's free lists, the per-CPU lists and its user:
 *
 *	               zone_locked, percpu_refill=1          mm_page_alloc
 *	   zone's lists ---------------------------> per-CPU -------------> user
 *	   (buddies merge) <------------------------  lists  <-------------
 *	                       mm_page_pcpu_drain             mm_page_free
 *	        zone_locked, percpu_refill=0: from the zone to the user at once
 *
 * A freed page of an order that per-CPU lists don't take goes to the zone's lists at once.
 *
 * Data: a byte a frame in chunks that exist only where frames were named. The byte of a free
 * block's first frame holds its order; free_by_order counts these bytes. Invariant: no two buddies
 * of one order are both free and whole, below the highest order.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis.h"

#define CHUNK_SHIFT 16
#define CHUNK_FRAMES (1u << CHUNK_SHIFT)
#define MAX_PCP_ORDER 3 /* PAGE_ALLOC_COSTLY_ORDER */
#define HUGE_ORDER 9	/* per-CPU lists take this one too where there are huge pages */

enum { STATE_UNKNOWN, STATE_TAKEN, STATE_CPU_LIST, STATE_FREE_TAIL, STATE_FREE_HEAD = 0x80 };

struct rig_buddy {
	struct rig_table chunks; /* by pfn >> CHUNK_SHIFT: u8 * */
	u64 last_number;
	u8 *last_chunk;
	u64 free_by_order[RIG_ORDERS];
	u64 on_cpu_lists;
};

struct rig_buddy *rig_buddy_create(void)
{
	struct rig_buddy *buddy = calloc(1, sizeof(*buddy));

	if (!buddy)
		abort();
	rig_table_init(&buddy->chunks, sizeof(u8 *));
	return buddy;
}

void rig_buddy_destroy(struct rig_buddy *buddy)
{
	size_t position = 0;
	u64 number;
	u8 **chunk;

	if (!buddy)
		return;
	while ((chunk = rig_table_next(&buddy->chunks, &position, &number)))
		free(*chunk);
	rig_table_fini(&buddy->chunks);
	free(buddy);
}

static u8 *state_of(struct rig_buddy *buddy, u64 pfn)
{
	u64 number = pfn >> CHUNK_SHIFT;

	if (!buddy->last_chunk || buddy->last_number != number) {
		u8 **chunk = rig_table_put(&buddy->chunks, number, NULL);

		if (!*chunk)
			*chunk = calloc(1, CHUNK_FRAMES);
		if (!*chunk)
			abort();
		buddy->last_chunk = *chunk;
		buddy->last_number = number;
	}
	return &buddy->last_chunk[pfn & (CHUNK_FRAMES - 1)];
}

/* A block never crosses a chunk: chunks are larger than the highest order's blocks. */
static void set_block(struct rig_buddy *buddy, u64 pfn, unsigned int order, u8 state)
{
	memset(state_of(buddy, pfn), state, 1u << order);
}

static void add_free(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	while (order < RIG_ORDERS - 1) {
		u64 other = pfn ^ (1ULL << order);

		if (*state_of(buddy, other) != (STATE_FREE_HEAD | order))
			break;
		buddy->free_by_order[order]--;
		pfn &= ~(1ULL << order);
		order++;
	}
	set_block(buddy, pfn, order, STATE_FREE_TAIL);
	*state_of(buddy, pfn) = (u8)(STATE_FREE_HEAD | order);
	buddy->free_by_order[order]++;
}

/* Splits the free block that holds @pfn until [pfn, order) stands alone; false: not in one. */
static bool take_free(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	for (unsigned int high = order; high < RIG_ORDERS; high++) {
		u64 head = pfn & ~((1ULL << high) - 1);

		if (*state_of(buddy, head) != (STATE_FREE_HEAD | high))
			continue;
		buddy->free_by_order[high]--;
		while (high-- > order) {
			u64 half = head + (pfn & (1ULL << high) ? 0 : 1ULL << high);

			*state_of(buddy, half) = (u8)(STATE_FREE_HEAD | high);
			buddy->free_by_order[high]++;
			head += pfn & (1ULL << high);
		}
		return true;
	}
	return false;
}

/* Smaller free blocks inside of a range that turns out to be one taken block: they were missed. */
static void forget_inside(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	for (u64 i = pfn; i < pfn + (1ULL << order); i++) {
		u8 state = *state_of(buddy, i);

		if (state & STATE_FREE_HEAD && (state & 0x7f) < RIG_ORDERS)
			buddy->free_by_order[state & 0x7f]--;
		else if (state == STATE_CPU_LIST)
			buddy->on_cpu_lists--;
	}
}

static bool valid(u64 pfn, unsigned int order)
{
	return order < RIG_ORDERS && pfn < 1ULL << 40 && !(pfn & ((1ULL << order) - 1));
}

static void set_taken(struct rig_buddy *buddy, u64 pfn, unsigned int order, u8 state)
{
	if (!take_free(buddy, pfn, order))
		forget_inside(buddy, pfn, order);
	set_block(buddy, pfn, order, state);
	if (state == STATE_CPU_LIST)
		buddy->on_cpu_lists += 1ULL << order;
}

void rig_buddy_allocated(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	if (valid(pfn, order))
		set_taken(buddy, pfn, order, STATE_TAKEN);
}

void rig_buddy_refilled(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	if (valid(pfn, order))
		set_taken(buddy, pfn, order, STATE_CPU_LIST);
}

void rig_buddy_freed(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	if (!valid(pfn, order))
		return;
	set_taken(buddy, pfn, order, STATE_TAKEN);
	if (order <= MAX_PCP_ORDER || order == HUGE_ORDER)
		set_taken(buddy, pfn, order, STATE_CPU_LIST);
	else
		add_free(buddy, pfn, order);
}

void rig_buddy_drained(struct rig_buddy *buddy, u64 pfn, unsigned int order)
{
	if (!valid(pfn, order))
		return;
	set_taken(buddy, pfn, order, STATE_TAKEN);
	add_free(buddy, pfn, order);
}

const u64 *rig_buddy_free_by_order(const struct rig_buddy *buddy)
{
	return buddy->free_by_order;
}

u64 rig_buddy_on_cpu_lists(const struct rig_buddy *buddy)
{
	return buddy->on_cpu_lists;
}
