/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists that RCU readers walk while they change: additions are published, what is removed still
 * leads on. struct list_head and struct hlist_head both.
 */
#ifndef _LINUX_RCULIST_H_RIG
#define _LINUX_RCULIST_H_RIG

#include <linux/list.h>
#include <linux/rcupdate.h>

#define list_next_rcu(list) ((list)->next)

static inline void INIT_LIST_HEAD_RCU(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

static inline void rig_list_insert_rcu(struct list_head *entry, struct list_head *prev,
				       struct list_head *next)
{
	entry->next = next;
	entry->prev = prev;
	smp_store_release(&prev->next, entry);
	next->prev = entry;
}

static inline void list_add_rcu(struct list_head *entry, struct list_head *head)
{
	rig_list_insert_rcu(entry, head, head->next);
}

static inline void list_add_tail_rcu(struct list_head *entry, struct list_head *head)
{
	rig_list_insert_rcu(entry, head->prev, head);
}

/* Its next pointer stays for readers; free it after a grace period. */
static inline void list_del_rcu(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->prev = LIST_POISON2;
}

static inline void list_replace_rcu(struct list_head *old, struct list_head *new)
{
	new->next = old->next;
	new->prev = old->prev;
	smp_store_release(&new->prev->next, new);
	new->next->prev = new;
	old->prev = LIST_POISON2;
}

#define list_entry_rcu(ptr, type, member) container_of(READ_ONCE(ptr), type, member)
#define list_first_or_null_rcu(head, type, member)                                                 \
	({                                                                                         \
		struct list_head *_rcu_head = (head);                                              \
		struct list_head *_rcu_first = READ_ONCE(_rcu_head->next);                         \
		_rcu_first != _rcu_head ? container_of(_rcu_first, type, member) : NULL;           \
	})
#define list_for_each_entry_rcu(pos, head, member, ...)                                            \
	for (pos = list_entry(smp_load_acquire(&(head)->next), __typeof__(*pos), member);          \
	     !list_entry_is_head(pos, head, member);                                               \
	     pos = list_entry(smp_load_acquire(&(pos)->member.next), __typeof__(*pos), member))
#define list_for_each_entry_lockless(pos, head, member) list_for_each_entry_rcu(pos, head, member)
#define list_for_each_entry_continue_rcu(pos, head, member)                                        \
	for (pos = list_entry(smp_load_acquire(&(pos)->member.next), __typeof__(*pos), member);    \
	     !list_entry_is_head(pos, head, member);                                               \
	     pos = list_entry(smp_load_acquire(&(pos)->member.next), __typeof__(*pos), member))

#define hlist_first_rcu(head) ((head)->first)
#define hlist_next_rcu(node) ((node)->next)
#define hlist_pprev_rcu(node) (*(node)->pprev)

static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (!hlist_unhashed(node)) {
		__hlist_del(node);
		WRITE_ONCE(node->pprev, NULL);
	}
}

#define hlist_add_head_rcu(node, head) hlist_add_head(node, head)
#define hlist_add_before_rcu(node, next) hlist_add_before(node, next)
#define hlist_add_behind_rcu(node, prev) hlist_add_behind(node, prev)

static inline void hlist_add_tail_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node **at = &head->first;

	while (*at)
		at = &(*at)->next;
	rig_hlist_insert(node, at);
}

static inline void hlist_replace_rcu(struct hlist_node *old, struct hlist_node *new)
{
	new->next = old->next;
	WRITE_ONCE(new->pprev, old->pprev);
	smp_store_release(new->pprev, new);
	if (new->next)
		WRITE_ONCE(new->next->pprev, &new->next);
	WRITE_ONCE(old->pprev, LIST_POISON2);
}

#define hlist_for_each_entry_rcu(pos, head, member, ...)                                           \
	for (pos = hlist_entry_safe(smp_load_acquire(&(head)->first), __typeof__(*(pos)), member); \
	     pos; pos = hlist_entry_safe(smp_load_acquire(&(pos)->member.next),                    \
					 __typeof__(*(pos)), member))
#define hlist_for_each_entry_rcu_notrace(pos, head, member)                                        \
	hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_continue_rcu(pos, member)                                             \
	for (pos = hlist_entry_safe(smp_load_acquire(&(pos)->member.next), __typeof__(*(pos)),     \
				    member);                                                       \
	     pos; pos = hlist_entry_safe(smp_load_acquire(&(pos)->member.next),                    \
					 __typeof__(*(pos)), member))

#endif
