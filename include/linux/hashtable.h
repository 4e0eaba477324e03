/* SPDX-License-Identifier: GPL-2.0-only */
/* Hash tables of a fixed size, a power of two: arrays of chains (linux/list.h). */
#ifndef _LINUX_HASHTABLE_H_RIG
#define _LINUX_HASHTABLE_H_RIG

#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rculist.h>

#define DEFINE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)] = { { NULL } }
#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_SIZE(table) ARRAY_SIZE(table)
#define HASH_BITS(table) ilog2(HASH_SIZE(table))

#define hash_min(val, bits) (sizeof(val) <= 4 ? hash_32((u32)(val), bits) : hash_long(val, bits))

static inline void __hash_init(struct hlist_head *table, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		INIT_HLIST_HEAD(&table[i]);
}

static inline bool __hash_empty(const struct hlist_head *table, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		if (!hlist_empty(&table[i]))
			return false;
	return true;
}

#define hash_init(table) __hash_init(table, HASH_SIZE(table))
#define hash_empty(table) __hash_empty(table, HASH_SIZE(table))
#define hash_add(table, node, key) hlist_add_head(node, &(table)[hash_min(key, HASH_BITS(table))])
#define hash_add_rcu(table, node, key)                                                             \
	hlist_add_head_rcu(node, &(table)[hash_min(key, HASH_BITS(table))])

static inline bool hash_hashed(struct hlist_node *node)
{
	return !hlist_unhashed(node);
}

static inline void hash_del(struct hlist_node *node)
{
	hlist_del_init(node);
}

static inline void hash_del_rcu(struct hlist_node *node)
{
	hlist_del_init_rcu(node);
}

/* @bkt: an int that counts chains. Breaking out of the inner loop ends the outer one too. */
#define hash_for_each(table, bkt, obj, member)                                                     \
	for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < (int)HASH_SIZE(table); (bkt)++)         \
	hlist_for_each_entry(obj, &(table)[bkt], member)
#define hash_for_each_rcu(table, bkt, obj, member)                                                 \
	for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < (int)HASH_SIZE(table); (bkt)++)         \
	hlist_for_each_entry_rcu(obj, &(table)[bkt], member)
#define hash_for_each_safe(table, bkt, tmp, obj, member)                                           \
	for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < (int)HASH_SIZE(table); (bkt)++)         \
	hlist_for_each_entry_safe(obj, tmp, &(table)[bkt], member)
/* All of a key's chain: others may be among them. */
#define hash_for_each_possible(table, obj, member, key)                                            \
	hlist_for_each_entry(obj, &(table)[hash_min(key, HASH_BITS(table))], member)
#define hash_for_each_possible_rcu(table, obj, member, key)                                        \
	hlist_for_each_entry_rcu(obj, &(table)[hash_min(key, HASH_BITS(table))], member)
#define hash_for_each_possible_safe(table, obj, tmp, member, key)                                  \
	hlist_for_each_entry_safe(obj, tmp, &(table)[hash_min(key, HASH_BITS(table))], member)

#endif
