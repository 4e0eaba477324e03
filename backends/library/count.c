// SPDX-License-Identifier: GPL-2.0-only
/* Reference counts (linux/refcount.h), lists without locks (linux/llist.h), random bytes. */
#include <string.h>

#include <linux/kernel.h>
#include <linux/llist.h>
#include <linux/random.h>
#include <linux/refcount.h>

/* The count will never be 0 again: what it guards is leaked rather than freed too early. */
static void saturate(refcount_t *r, const char *what)
{
	refcount_set(r, REFCOUNT_SATURATED);
	WARN_ONCE(1, "refcount_t: %s\n", what);
}

void refcount_add(int i, refcount_t *r)
{
	int old = atomic_fetch_add_relaxed(i, &r->refs);

	if (old == 0)
		saturate(r, "addition on 0; use-after-free.");
	else if (old < 0 || old + i < 0)
		saturate(r, "saturated; leaking memory.");
}

bool refcount_add_not_zero(int i, refcount_t *r)
{
	int old = atomic_fetch_add_unless(&r->refs, i, 0);

	if (old < 0 || old + i < 0)
		saturate(r, "saturated; leaking memory.");
	return old != 0;
}

bool refcount_sub_and_test(int i, refcount_t *r)
{
	int old = atomic_fetch_sub(i, &r->refs);

	if (old == i)
		return true;
	if (old < 0 || old - i < 0)
		saturate(r, "underflow; use-after-free.");
	return false;
}

void refcount_dec(refcount_t *r)
{
	if (atomic_fetch_sub_release(1, &r->refs) <= 1)
		saturate(r, "decrement hit 0; leaking memory.");
}

bool refcount_dec_if_one(refcount_t *r)
{
	return atomic_cmpxchg(&r->refs, 1, 0) == 1;
}

bool refcount_dec_not_one(refcount_t *r)
{
	int old = atomic_read(&r->refs);

	do {
		if (old == 1)
			return false;
		if (old == REFCOUNT_SATURATED)
			return true;
		if (old < 1) {
			saturate(r, "underflow; use-after-free.");
			return true;
		}
	} while (!atomic_try_cmpxchg_release(&r->refs, &old, old - 1));
	return true;
}

bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(lock);
	return false;
}

bool refcount_dec_and_lock(refcount_t *r, spinlock_t *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	spin_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	spin_unlock(lock);
	return false;
}

bool llist_add_batch(struct llist_node *new_first, struct llist_node *new_last,
		     struct llist_head *head)
{
	struct llist_node *first = READ_ONCE(head->first);

	do {
		new_last->next = first;
	} while (!try_cmpxchg(&head->first, &first, new_first));
	return first == NULL;
}

struct llist_node *llist_del_first(struct llist_head *head)
{
	struct llist_node *first = smp_load_acquire(&head->first);

	while (first && !try_cmpxchg(&head->first, &first, READ_ONCE(first->next)))
		;
	return first;
}

struct llist_node *llist_reverse_order(struct llist_node *head)
{
	struct llist_node *reversed = NULL;

	while (head) {
		struct llist_node *next = head->next;

		head->next = reversed;
		reversed = head;
		head = next;
	}
	return reversed;
}

void get_random_bytes(void *buffer, size_t size)
{
	for (u8 *at = buffer; size;) {
		u64 word = get_random_u64();
		size_t part = min(size, sizeof(word));

		memcpy(at, &word, part);
		at += part;
		size -= part;
	}
}

void prandom_bytes_state(struct rnd_state *state, void *buffer, size_t size)
{
	for (u8 *at = buffer; size;) {
		u32 word = prandom_u32_state(state);
		size_t part = min(size, sizeof(word));

		memcpy(at, &word, part);
		at += part;
		size -= part;
	}
}
