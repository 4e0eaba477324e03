// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of address spans; see tree.h for what it promises.
 *
 * Invariants: "order" (left < node < right, and the list in the same order), "red" (a red node's
 * children are black), "black height" (the same number of black nodes on each way down), "max"
 * (subtree_max is that of the node and its children). The caller locks.
 */
#include <linux/kernel.h>

#include "tree.h"

static u64 subtree_max(const struct span *node)
{
	return node ? node->subtree_max : 0;
}

static bool is_red(const struct span *node)
{
	return node && node->red;
}

static void update(struct span *node)
{
	u64 largest = max(subtree_max(node->left), subtree_max(node->right));

	node->subtree_max = max(largest, span_size(node));
}

void span_resized(struct span *span)
{
	for (; span; span = span->parent)
		update(span);
}

void span_tree_init(struct span_tree *tree)
{
	tree->root = NULL;
	tree->nr = 0;
	INIT_LIST_HEAD(&tree->list);
}

struct span *span_find(const struct span_tree *tree, u64 address)
{
	struct span *node = tree->root;

	while (node) {
		if (address < node->start)
			node = node->left;
		else if (address >= node->end)
			node = node->right;
		else
			return node;
	}
	return NULL;
}

struct span *span_next(const struct span_tree *tree, const struct span *span)
{
	if (span->list.next == &tree->list)
		return NULL;
	return container_of(span->list.next, struct span, list);
}

struct span *span_prev(const struct span_tree *tree, const struct span *span)
{
	if (span->list.prev == &tree->list)
		return NULL;
	return container_of(span->list.prev, struct span, list);
}

/* The link that leads from @parent (NULL: the tree) to @child. */
static struct span **link_to(struct span_tree *tree, struct span *parent, struct span *child)
{
	if (!parent)
		return &tree->root;
	return parent->left == child ? &parent->left : &parent->right;
}

/* @node goes down to one side, its child on the other side takes its place. */
static void rotate(struct span_tree *tree, struct span *node, bool to_left)
{
	struct span *child = to_left ? node->right : node->left;
	struct span *inner = to_left ? child->left : child->right;

	*link_to(tree, node->parent, node) = child;
	child->parent = node->parent;
	node->parent = child;
	if (to_left) {
		node->right = inner;
		child->left = node;
	} else {
		node->left = inner;
		child->right = node;
	}
	if (inner)
		inner->parent = node;
	update(node);
	update(child);
}

static void balance_after_insert(struct span_tree *tree, struct span *node)
{
	while (is_red(node->parent)) {
		struct span *parent = node->parent;
		struct span *grandparent = parent->parent;
		bool left = grandparent->left == parent;
		struct span *uncle = left ? grandparent->right : grandparent->left;

		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grandparent->red = true;
			node = grandparent;
			continue;
		}
		if (node == (left ? parent->right : parent->left)) {
			rotate(tree, parent, left);
			swap(node, parent);
		}
		parent->red = false;
		grandparent->red = true;
		rotate(tree, grandparent, !left);
	}
	tree->root->red = false;
}

bool span_insert(struct span_tree *tree, struct span *span)
{
	struct span **link = &tree->root, *parent = NULL;

	while (*link) {
		parent = *link;
		if (span->end <= parent->start)
			link = &parent->left;
		else if (span->start >= parent->end)
			link = &parent->right;
		else
			return false;
	}
	if (!parent)
		list_add(&span->list, &tree->list);
	else if (link == &parent->right)
		list_add(&span->list, &parent->list);
	else
		list_add_tail(&span->list, &parent->list);
	span->parent = parent;
	span->left = NULL;
	span->right = NULL;
	span->red = true;
	*link = span;
	tree->nr++;
	span_resized(span);
	balance_after_insert(tree, span);
	return true;
}

/* The way to @node (NULL: a leaf) below @parent lacks a black node. */
static void balance_after_erase(struct span_tree *tree, struct span *node, struct span *parent)
{
	while (parent && !is_red(node)) {
		bool left = parent->left == node;
		struct span *sibling = left ? parent->right : parent->left;

		if (is_red(sibling)) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, left);
			sibling = left ? parent->right : parent->left;
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		if (!is_red(left ? sibling->right : sibling->left)) {
			(left ? sibling->left : sibling->right)->red = false;
			sibling->red = true;
			rotate(tree, sibling, !left);
			sibling = left ? parent->right : parent->left;
		}
		sibling->red = parent->red;
		parent->red = false;
		(left ? sibling->right : sibling->left)->red = false;
		rotate(tree, parent, left);
		return;
	}
	if (node)
		node->red = false;
}

/* @heir takes the place of @span under its parent. */
static void replace(struct span_tree *tree, struct span *span, struct span *heir)
{
	*link_to(tree, span->parent, span) = heir;
	if (heir)
		heir->parent = span->parent;
}

/* The successor, which has no left child, moves to where @span is. */
static struct span *replace_by_successor(struct span_tree *tree, struct span *span,
					 struct span **parent, bool *removed_red)
{
	struct span *successor = span->right, *child;

	while (successor->left)
		successor = successor->left;
	child = successor->right;
	*removed_red = successor->red;
	*parent = successor->parent;
	if (successor->parent == span) {
		*parent = successor;
	} else {
		replace(tree, successor, child);
		successor->right = span->right;
		successor->right->parent = successor;
	}
	replace(tree, span, successor);
	successor->left = span->left;
	successor->left->parent = successor;
	successor->red = span->red;
	return child;
}

void span_erase(struct span_tree *tree, struct span *span)
{
	bool removed_red = span->red;
	struct span *child, *parent = span->parent;

	if (span->left && span->right) {
		child = replace_by_successor(tree, span, &parent, &removed_red);
	} else {
		child = span->left ? span->left : span->right;
		replace(tree, span, child);
	}
	span_resized(parent);
	if (!removed_red)
		balance_after_erase(tree, child, parent);
	list_del_init(&span->list);
	span->parent = NULL;
	span->left = NULL;
	span->right = NULL;
	tree->nr--;
}

/* Does the request fit into this span? */
static bool fits(const struct span *span, u64 size, u64 align, u64 vstart)
{
	u64 start = ALIGN(max(span->start, vstart), align);

	/* A large size or alignment may wrap around. */
	if (start + size < start || start < vstart)
		return false;
	return start + size <= span->end;
}

struct span *span_lowest_fit(const struct span_tree *tree, u64 size, u64 align, u64 vstart,
			     bool adjusted)
{
	u64 length = adjusted ? size + align - 1 : size;
	struct span *node = tree->root;

	while (node) {
		if (subtree_max(node->left) >= length && vstart < node->start) {
			node = node->left;
			continue;
		}
		if (fits(node, size, align, vstart))
			return node;
		if (subtree_max(node->right) >= length) {
			node = node->right;
			continue;
		}
		/* Back up to the first right subtree that may still hold it. */
		while ((node = node->parent)) {
			if (fits(node, size, align, vstart))
				return node;
			if (subtree_max(node->right) >= length && vstart <= node->start) {
				/* Never again into what was searched. */
				vstart = node->start + 1;
				node = node->right;
				break;
			}
		}
	}
	return NULL;
}

/* Black nodes on each way down from @node, or -1: something is wrong in its subtree. */
static int black_height(const struct span *node)
{
	int left, right;
	u64 largest;

	if (!node)
		return 0;
	if (node->red && (is_red(node->left) || is_red(node->right)))
		return -1;
	if ((node->left && (node->left->parent != node || node->left->end > node->start)) ||
	    (node->right && (node->right->parent != node || node->right->start < node->end)))
		return -1;
	largest = max(subtree_max(node->left), subtree_max(node->right));
	if (node->subtree_max != max(largest, span_size(node)))
		return -1;
	left = black_height(node->left);
	right = black_height(node->right);
	return left < 0 || left != right ? -1 : left + !node->red;
}

bool span_tree_is_sound(const struct span_tree *tree)
{
	return !is_red(tree->root) && black_height(tree->root) >= 0;
}
