/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans of addresses in a red-black tree, ordered by address, each node knowing the largest span
 * of its subtree; the spans are also linked in a list in address order.
 *
 * The balancing is the textbook one (Cormen et al., successor replaces a node with two children),
 * which is also the kernel's: which span a search with a large alignment finds depends on the
 * shape of the tree, so the shape has to be the kernel's too.
 */
#ifndef RIG_VMALLOC_TREE_H
#define RIG_VMALLOC_TREE_H

#include <linux/list.h>
#include <linux/types.h>

struct vm_struct;

/* A free, used or lazily freed span; struct vmap_area in the kernel. */
struct span {
	u64 start, end;	 /* kernel's addresses, bytes */
	u64 subtree_max; /* bytes of the largest span at or below this node */
	struct span *parent, *left, *right;
	bool red;
	struct list_head list;
	struct vm_struct *vm; /* of a span in use */
	void *object;	      /* what the machine's vmap_area cache gave for it; may be NULL */
};

struct span_tree {
	struct span *root;
	struct list_head list;
	unsigned long nr;
};

static inline u64 span_size(const struct span *span)
{
	return span->end - span->start;
}

void span_tree_init(struct span_tree *tree);

/* The span that holds the address, or NULL. */
struct span *span_find(const struct span_tree *tree, u64 address);

/* false: it overlaps a span of the tree, and nothing is changed. */
bool span_insert(struct span_tree *tree, struct span *span);
void span_erase(struct span_tree *tree, struct span *span);

/* Start or end of the span changed: subtree_max on the way up follows. */
void span_resized(struct span *span);

/* The neighbours in address order, or NULL. */
struct span *span_next(const struct span_tree *tree, const struct span *span);
struct span *span_prev(const struct span_tree *tree, const struct span *span);

/*
 * The free span that serves @size bytes at @align from @vstart on, as find_vmap_lowest_match of
 * 6.1: the lowest one, but with @adjusted the search asks for size + align - 1, so that it may pass
 * by a lower span whose own alignment would have done. NULL: none.
 */
struct span *span_lowest_fit(const struct span_tree *tree, u64 size, u64 align, u64 vstart,
			     bool adjusted);

/* Is it a red-black tree in address order, with every subtree_max right? */
bool span_tree_is_sound(const struct span_tree *tree);

#endif
