// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of resources (kernel/resource.c) and its text, /proc/iomem.
 *
 *	00001000-0009fbff : System RAM
 *	00100000-0ffdcfff : System RAM
 *	  01000000-01801137 : Kernel code
 *	feb00000-feb00fff : edu
 *
 * Memory that touches is one "System RAM", whatever its node. Invariants: a child lies inside its
 * parent, siblings ascend and are disjoint. Written at boot and when a device is added; not locked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "iomem.h"

static bool contains(const struct rig_resource *outer, const struct rig_resource *inner)
{
	return outer->start <= inner->start && inner->end <= outer->end;
}

static bool overlap(const struct rig_resource *a, const struct rig_resource *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* Puts @new among the children of @parent, which contains it. */
static int insert(struct rig_resource *parent, struct rig_resource *new)
{
	struct rig_resource **link = &parent->child, **last;

	while (*link && (*link)->end < new->start)
		link = &(*link)->sibling;
	/* into a child; around one of the same extent, as insert_resource() */
	if (*link && contains(*link, new) && !contains(new, *link))
		return insert(*link, new);
	for (last = link; *last && overlap(*last, new); last = &(*last)->sibling)
		if (!contains(new, *last))
			return -EBUSY;
	/* those from *link up to *last go inside */
	if (last != link) {
		struct rig_resource *above = *last;

		new->child = *link;
		*last = NULL;
		new->sibling = above;
	} else {
		new->sibling = *link;
	}
	*link = new;
	return 0;
}

static void free_tree(struct rig_resource *resource)
{
	while (resource) {
		struct rig_resource *next = resource->sibling;

		free_tree(resource->child);
		free(resource->name);
		free(resource);
		resource = next;
	}
}

int rig_iomem_add(struct rig_machine *machine, u64 start, u64 size, const char *name)
{
	struct rig_resource *new;
	int code;

	if (!size || start + size - 1 < start)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->start = start;
	new->end = start + size - 1;
	new->name = strdup(name);
	code = new->name ? insert(machine->iomem, new) : -ENOMEM;
	if (code)
		free_tree(new);
	return code;
}

static int by_base(const void *a, const void *b)
{
	const struct rig_memory_range *left = a, *right = b;

	return left->base < right->base ? -1 : left->base > right->base;
}

static bool is_system_ram(const struct rig_memory_range *range)
{
	return !(range->flags & (RIG_MEMORY_RESERVED | RIG_MEMORY_NOMAP)) && range->size;
}

/* Memory without name that touches or overlaps is one resource. */
static int add_system_ram(struct rig_machine *machine, const struct rig_memory_range *sorted,
			  size_t nr)
{
	u64 start = 0, end = 0;
	int code = 0;

	for (size_t i = 0; i < nr && code != -ENOMEM; i++) {
		const struct rig_memory_range *range = &sorted[i];

		if (!is_system_ram(range))
			continue;
		if (range->name) {
			code = rig_iomem_add(machine, range->base, range->size, range->name);
			continue;
		}
		if (end && range->base <= end) {
			end = max(end, range->base + range->size);
			continue;
		}
		if (end)
			code = rig_iomem_add(machine, start, end - start, "System RAM");
		start = range->base;
		end = range->base + range->size;
	}
	if (end && code != -ENOMEM)
		code = rig_iomem_add(machine, start, end - start, "System RAM");
	return code == -ENOMEM ? code : 0;
}

/*
 * What memblock alone reserves is not a resource on x86: a reservation in memory is shown when it
 * has a name. Those that cross the end of memory or each other are left out, as the kernel's are.
 */
static bool is_resource(const struct rig_memory_range *range, const struct rig_memory_range *sorted,
			size_t nr)
{
	if (is_system_ram(range) || !range->size)
		return false;
	if (range->name || (range->flags & RIG_MEMORY_NOMAP))
		return true;
	for (size_t i = 0; i < nr && sorted[i].base < range->base + range->size; i++)
		if (is_system_ram(&sorted[i]) && range->base < sorted[i].base + sorted[i].size)
			return false;
	return true;
}

static int add_others(struct rig_machine *machine, const struct rig_memory_range *sorted, size_t nr,
		      const struct rig_machine_config *config)
{
	int code = 0;

	for (size_t i = 0; i < nr && code != -ENOMEM; i++)
		if (is_resource(&sorted[i], sorted, nr))
			code = rig_iomem_add(machine, sorted[i].base, sorted[i].size,
					     sorted[i].name ? sorted[i].name : "Reserved");
	for (size_t i = 0; i < config->nr_devices && code != -ENOMEM; i++) {
		const struct rig_device_config *device = &config->devices[i];

		code = rig_iomem_add(machine, device->base, device->size,
				     device->name ? device->name : device->model);
	}
	return code == -ENOMEM ? code : 0;
}

int rig_iomem_init(struct rig_machine *machine, const struct rig_machine_config *config)
{
	struct rig_memory_range *sorted = calloc(config->nr_memory + 1, sizeof(*sorted));
	int code = -ENOMEM;

	machine->iomem = calloc(1, sizeof(*machine->iomem));
	if (sorted && machine->iomem) {
		machine->iomem->end = ~(u64)0;
		if (config->nr_memory)
			memcpy(sorted, config->memory, config->nr_memory * sizeof(*sorted));
		qsort(sorted, config->nr_memory, sizeof(*sorted), by_base);
		code = add_system_ram(machine, sorted, config->nr_memory);
		if (!code)
			code = add_others(machine, sorted, config->nr_memory, config);
	}
	free(sorted);
	return code;
}

void rig_iomem_fini(struct rig_machine *machine)
{
	free_tree(machine->iomem);
	machine->iomem = NULL;
}

static void show(FILE *out, const struct rig_resource *resource, int depth)
{
	for (; resource; resource = resource->sibling) {
		fprintf(out, "%*s%08llx-%08llx : %s\n", depth * 2, "",
			(unsigned long long)resource->start, (unsigned long long)resource->end,
			resource->name);
		show(out, resource->child, depth + 1);
	}
}

char *rig_iomem_show(const struct rig_machine *machine)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	show(out, machine->iomem->child, 0);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
