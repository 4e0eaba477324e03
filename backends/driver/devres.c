// SPDX-License-Identifier: GPL-2.0-only
/*
 * Managed resources: a list a device, oldest first, of nodes in kmalloc memory, each with what ends
 * it. They are taken off the list before they are released, so a release function may look at the
 * device's other resources.
 *
 *	dev->devres_head ── [node | resource] ── [group open] ── [node | resource] ── [group closed]
 *
 * Groups are two marks in the list, with one id. dev->devres_lock guards the list; release
 * functions run outside of it.
 */
#include <asm/sections.h>
#include <stdarg.h>

#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/string.h>

enum node_kind { NODE_RESOURCE, NODE_OPEN, NODE_CLOSE };

struct node {
	struct list_head list; /* self-linked: on none */
	enum node_kind kind;
	dr_release_t release;
	const char *name;
	size_t size; /* bytes of the resource */
	/* the resource; not data[], as two nodes stand in a group */
	u8 data[0] __attribute__((aligned(ARCH_KMALLOC_MINALIGN)));
};

struct group {
	struct node open, close;
	void *id;
};

static struct node *node_of(const void *resource)
{
	return container_of((const u8 *)resource, struct node, data[0]);
}

static struct node *make_node(dr_release_t release, size_t size, gfp_t gfp, int nid,
			      const char *name, unsigned long caller)
{
	size_t bytes = size_add(sizeof(struct node), size);
	struct node *node = NULL;

	if (bytes != SIZE_MAX)
		node = __kmalloc_node_track_caller(bytes, gfp, nid, caller);
	if (!node)
		return NULL;
	memset(node, 0, sizeof(*node));
	INIT_LIST_HEAD(&node->list);
	node->release = release;
	node->size = size;
	node->name = name;
	return node;
}

void *__devres_alloc_node(dr_release_t release, size_t size, gfp_t gfp, int nid, const char *name)
{
	struct node *node = make_node(release, size, gfp | __GFP_ZERO, nid, name, _RET_IP_);

	return node ? node->data : NULL;
}

void devres_free(void *resource)
{
	if (!resource)
		return;
	BUG_ON(!list_empty(&node_of(resource)->list));
	kfree(node_of(resource));
}

static void add_node(struct device *dev, struct node *node)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	BUG_ON(!list_empty(&node->list));
	list_add_tail(&node->list, &dev->devres_head);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
}

void devres_add(struct device *dev, void *resource)
{
	add_node(dev, node_of(resource));
}

/* The newest resource of that kind that matches; the lock is held. */
static struct node *find(struct device *dev, dr_release_t release, dr_match_t match,
			 void *match_data)
{
	struct node *node;

	list_for_each_entry_reverse (node, &dev->devres_head, list)
		if (node->kind == NODE_RESOURCE && node->release == release &&
		    (!match || match(dev, node->data, match_data)))
			return node;
	return NULL;
}

void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct node *node;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	node = find(dev, release, match, match_data);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return node ? node->data : NULL;
}

void *devres_get(struct device *dev, void *new_resource, dr_match_t match, void *match_data)
{
	struct node *fresh = node_of(new_resource), *node;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	node = find(dev, fresh->release, match, match_data);
	if (!node) {
		list_add_tail(&fresh->list, &dev->devres_head);
		node = fresh;
		fresh = NULL;
	}
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	if (fresh)
		devres_free(fresh->data);
	return node->data;
}

void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct node *node;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	node = find(dev, release, match, match_data);
	if (node)
		list_del_init(&node->list);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return node ? node->data : NULL;
}

void devres_for_each_res(struct device *dev, dr_release_t release, dr_match_t match,
			 void *match_data, void (*fn)(struct device *, void *, void *), void *data)
{
	struct node *node, *next;
	unsigned long flags;

	if (!fn)
		return;
	spin_lock_irqsave(&dev->devres_lock, flags);
	list_for_each_entry_safe_reverse(
		node, next, &dev->devres_head,
		list) if (node->kind == NODE_RESOURCE && node->release == release &&
			  (!match || match(dev, node->data, match_data))) fn(dev, node->data, data);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
}

int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	void *resource = devres_remove(dev, release, match, match_data);

	if (!resource)
		return -ENOENT;
	devres_free(resource);
	return 0;
}

int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	void *resource = devres_remove(dev, release, match, match_data);

	if (!resource)
		return -ENOENT;
	release(dev, resource);
	devres_free(resource);
	return 0;
}

/* What was taken off the device's list, newest first. Returns how many resources there were. */
static int release_list(struct device *dev, struct list_head *list)
{
	struct node *node, *next;
	int released = 0;

	list_for_each_entry_safe_reverse(node, next, list, list)
	{
		if (node->kind == NODE_CLOSE)
			continue; /* a part of its opening mark */
		if (node->kind == NODE_RESOURCE) {
			node->release(dev, node->data);
			released++;
			kfree(node);
		} else {
			kfree(container_of(node, struct group, open));
		}
	}
	return released;
}

int devres_release_all(struct device *dev)
{
	unsigned long flags;
	LIST_HEAD(list);

	if (WARN_ON(dev->devres_head.next == NULL))
		return -ENODEV;
	spin_lock_irqsave(&dev->devres_lock, flags);
	list_splice_init(&dev->devres_head, &list);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return release_list(dev, &list);
}

/* --- groups */

void *devres_open_group(struct device *dev, void *id, gfp_t gfp)
{
	struct group *group = kzalloc(sizeof(*group), gfp);

	if (unlikely(!group))
		return NULL;
	group->open.kind = NODE_OPEN;
	group->close.kind = NODE_CLOSE;
	INIT_LIST_HEAD(&group->open.list);
	INIT_LIST_HEAD(&group->close.list);
	group->id = id ? id : group;
	add_node(dev, &group->open);
	return group->id;
}

/* The group of that id; NULL as id: the newest that is still open. The lock is held. */
static struct group *find_group(struct device *dev, const void *id)
{
	struct node *node;

	list_for_each_entry_reverse (node, &dev->devres_head, list) {
		struct group *group;

		if (node->kind != NODE_OPEN)
			continue;
		group = container_of(node, struct group, open);
		if (id ? group->id == id : list_empty(&group->close.list))
			return group;
	}
	return NULL;
}

void devres_close_group(struct device *dev, void *id)
{
	struct group *group;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	group = find_group(dev, id);
	if (group)
		list_add_tail(&group->close.list, &dev->devres_head);
	else
		WARN_ON(1);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
}

void devres_remove_group(struct device *dev, void *id)
{
	struct group *group;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	group = find_group(dev, id);
	if (group) {
		list_del_init(&group->open.list);
		list_del_init(&group->close.list);
	} else {
		WARN_ON(1);
	}
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	kfree(group);
}

/*
 * From the opening mark to the closing one, or to the end where the group is open. A group that
 * begins within and is closed beyond loses its resources of the inside, and stays.
 */
int devres_release_group(struct device *dev, void *id)
{
	struct list_head *at, *next, *end;
	struct group *group;
	unsigned long flags;
	LIST_HEAD(list);

	spin_lock_irqsave(&dev->devres_lock, flags);
	group = find_group(dev, id);
	if (!group) {
		WARN_ON(1);
		spin_unlock_irqrestore(&dev->devres_lock, flags);
		return 0;
	}
	end = list_empty(&group->close.list) ? &dev->devres_head : &group->close.list;
	for (at = group->open.list.next; at != end; at = next) {
		struct node *node = container_of(at, struct node, list);

		next = at->next;
		if (node->kind == NODE_RESOURCE)
			list_move_tail(at, &list);
	}
	/* Groups of which both marks lie within. */
	for (at = group->open.list.next; at != end; at = next) {
		struct node *node = container_of(at, struct node, list);
		struct list_head *close;
		bool within = false;

		next = at->next;
		if (node->kind != NODE_OPEN)
			continue;
		close = &container_of(node, struct group, open)->close.list;
		for (struct list_head *look = at->next; look != end && !within; look = look->next)
			within = look == close;
		if (within) {
			if (next == close)
				next = close->next;
			list_del_init(close);
			list_move(at, &list);
		}
	}
	list_del_init(&group->close.list);
	list_move(&group->open.list, &list);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return release_list(dev, &list);
}

/* --- actions */

struct action {
	void (*function)(void *data);
	void *data;
};

static void action_release(struct device *dev, void *resource)
{
	struct action *action = resource;

	action->function(action->data);
}

static int is_action(struct device *dev, void *resource, void *match_data)
{
	return memcmp(resource, match_data, sizeof(struct action)) == 0;
}

int devm_add_action(struct device *dev, void (*function)(void *data), void *data)
{
	struct action *action = devres_alloc(action_release, sizeof(*action), GFP_KERNEL);

	if (!action)
		return -ENOMEM;
	*action = (struct action){ function, data };
	devres_add(dev, action);
	return 0;
}

void devm_remove_action(struct device *dev, void (*function)(void *data), void *data)
{
	struct action action = { function, data };

	WARN_ON(devres_destroy(dev, action_release, is_action, &action));
}

void devm_release_action(struct device *dev, void (*function)(void *data), void *data)
{
	struct action action = { function, data };

	WARN_ON(devres_release(dev, action_release, is_action, &action));
}

/* --- memory */

static void memory_release(struct device *dev, void *resource)
{
	/* It is the resource's own memory. */
}

static int is_resource(struct device *dev, void *resource, void *match_data)
{
	return resource == match_data;
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	struct node *node;

	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	node = make_node(memory_release, size, gfp, dev_to_node(dev), "devm_kzalloc_release",
			 _RET_IP_);
	if (!node)
		return NULL;
	devres_add(dev, node->data);
	return node->data;
}

void *devm_krealloc(struct device *dev, void *memory, size_t size, gfp_t gfp)
{
	void *fresh;

	if (unlikely(!size)) {
		devm_kfree(dev, memory);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(memory))
		return devm_kmalloc(dev, size, gfp);
	if (WARN_ON(is_kernel_rodata((unsigned long)memory)))
		return NULL;
	if (!devres_find(dev, memory_release, is_resource, memory)) {
		dev_err(dev, "Memory chunk not managed or managed by a different device.");
		return NULL;
	}
	if (size <= ksize(node_of(memory)) - sizeof(struct node)) {
		node_of(memory)->size = max(size, node_of(memory)->size);
		return memory;
	}
	fresh = devm_kmalloc(dev, size, gfp);
	if (!fresh)
		return NULL;
	memcpy(fresh, memory, node_of(memory)->size);
	devm_kfree(dev, memory);
	return fresh;
}

void devm_kfree(struct device *dev, const void *memory)
{
	if (ZERO_OR_NULL_PTR(memory) || is_kernel_rodata((unsigned long)memory))
		return;
	WARN_ON(devres_destroy(dev, memory_release, is_resource, (void *)memory));
}

void *devm_kmemdup(struct device *dev, const void *source, size_t size, gfp_t gfp)
{
	void *copy = devm_kmalloc(dev, size, gfp);

	if (copy)
		memcpy(copy, source, size);
	return copy;
}

char *devm_kstrdup(struct device *dev, const char *text, gfp_t gfp)
{
	return text ? devm_kmemdup(dev, text, strlen(text) + 1, gfp) : NULL;
}

const char *devm_kstrdup_const(struct device *dev, const char *text, gfp_t gfp)
{
	return is_kernel_rodata((unsigned long)text) ? text : devm_kstrdup(dev, text, gfp);
}

char *devm_kvasprintf(struct device *dev, gfp_t gfp, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = devm_kmalloc(dev, (size_t)length + 1, gfp);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = devm_kvasprintf(dev, gfp, format, args);
	va_end(args);
	return text;
}

struct pages {
	unsigned long address;
	unsigned int order;
};

static void pages_release(struct device *dev, void *resource)
{
	struct pages *pages = resource;

	free_pages(pages->address, pages->order);
}

static int is_address(struct device *dev, void *resource, void *match_data)
{
	return ((struct pages *)resource)->address == (unsigned long)match_data;
}

unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order)
{
	unsigned long address = __get_free_pages(gfp, order);
	struct pages *pages;

	if (!address)
		return 0;
	pages = devres_alloc(pages_release, sizeof(*pages), GFP_KERNEL);
	if (!pages) {
		free_pages(address, order);
		return 0;
	}
	*pages = (struct pages){ address, order };
	devres_add(dev, pages);
	return address;
}

void devm_free_pages(struct device *dev, unsigned long address)
{
	WARN_ON(devres_release(dev, pages_release, is_address, (void *)address));
}

static void percpu_release(struct device *dev, void *resource)
{
	free_percpu(*(void __percpu **)resource);
}

static int is_percpu(struct device *dev, void *resource, void *match_data)
{
	return *(void **)resource == match_data;
}

void __percpu *__devm_alloc_percpu(struct device *dev, size_t size, size_t align)
{
	void __percpu *memory = __alloc_percpu(size, align);
	void __percpu **resource;

	if (!memory)
		return NULL;
	resource = devres_alloc(percpu_release, sizeof(*resource), GFP_KERNEL);
	if (!resource) {
		free_percpu(memory);
		return NULL;
	}
	*resource = memory;
	devres_add(dev, resource);
	return memory;
}

void devm_free_percpu(struct device *dev, void __percpu *memory)
{
	WARN_ON(devres_release(dev, percpu_release, is_percpu, (__force void *)memory));
}
