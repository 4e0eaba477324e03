/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Singly linked lists to which anyone may add, in any context, without a lock, and of which one
 * takes all. Taking single elements needs a lock among those who do so.
 */
#ifndef _LINUX_LLIST_H_RIG
#define _LINUX_LLIST_H_RIG

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/types.h>

struct llist_head {
	struct llist_node *first;
};

struct llist_node {
	struct llist_node *next;
};

#define LLIST_HEAD_INIT(name)                                                                      \
	{                                                                                          \
		NULL                                                                               \
	}
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)

static inline void init_llist_head(struct llist_head *list)
{
	list->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return READ_ONCE(head->first) == NULL;
}

#define llist_entry(ptr, type, member) container_of(ptr, type, member)

/* Adds the chain from @new_first to @new_last. true: the list was empty. */
bool llist_add_batch(struct llist_node *new_first, struct llist_node *new_last,
		     struct llist_head *head);

static inline bool llist_add(struct llist_node *entry, struct llist_head *head)
{
	return llist_add_batch(entry, entry, head);
}

/* The same where nobody else touches the list. */
static inline bool __llist_add_batch(struct llist_node *new_first, struct llist_node *new_last,
				     struct llist_head *head)
{
	new_last->next = head->first;
	head->first = new_first;
	return new_last->next == NULL;
}

static inline bool __llist_add(struct llist_node *entry, struct llist_head *head)
{
	return __llist_add_batch(entry, entry, head);
}

/* All elements, the newest first; the list is empty afterwards. */
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_SEQ_CST);
}

static inline struct llist_node *__llist_del_all(struct llist_head *head)
{
	struct llist_node *first = head->first;

	head->first = NULL;
	return first;
}

static inline struct llist_node *llist_next(struct llist_node *node)
{
	return node->next;
}

/* The newest; NULL: there is none. */
struct llist_node *llist_del_first(struct llist_head *head);
/* Of a list that was taken: the same elements in the order of adding. */
struct llist_node *llist_reverse_order(struct llist_node *head);

#define llist_for_each(pos, node) for ((pos) = (node); pos; (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node)                                                          \
	for ((pos) = (node); (pos) && ((n) = (pos)->next, true); (pos) = (n))
#define rig_llist_entry_or_null(node, type, member)                                                \
	({                                                                                         \
		struct llist_node *_llist = (node);                                                \
		_llist ? llist_entry(_llist, type, member) : NULL;                                 \
	})
#define llist_for_each_entry(pos, node, member)                                                    \
	for ((pos) = rig_llist_entry_or_null(node, __typeof__(*(pos)), member); pos;               \
	     (pos) = rig_llist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member))
#define llist_for_each_entry_safe(pos, n, node, member)                                            \
	for ((pos) = rig_llist_entry_or_null(node, __typeof__(*(pos)), member);                    \
	     (pos) &&                                                                              \
	     ((n) = rig_llist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member),       \
	     true);                                                                                \
	     (pos) = (n))

#endif
