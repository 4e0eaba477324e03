// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot: the firmware's map becomes memblock, memblock becomes nodes and zones, and what is free
 * goes to the page allocator, in ascending order of addresses (but see free_highmem()).
 *
 *	configuration -> add, mark, reserve (here) -> zones (zones.c, zone_movable.c)
 *	              -> page backend starts -> free ranges, cut where zones meet
 *
 * The machine's memblock stays for reading. Its arrays grow in the host's memory, not in the
 * machine's, so that its page frames are the page allocator's alone.
 *
 * Page frame 0 is never free, as on x86: 0 can then mean "none".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/memblock.h>
#include <kmemrig/page.h>

#include "iomem.h"
#include "parts.h"
#include "zones.h"

#define LOCAL_DISTANCE 10
#define REMOTE_DISTANCE 20

struct boot {
	struct rig_machine *machine;
	const struct rig_machine_config *config;
	char *error;
	size_t error_size;
	struct core_request cores;
	phys_addr_t memory_limit; /* mem=; 0: none */
	struct zone_plan plan;
};

static int fail(struct boot *boot, int code, const char *format, ...) __printf(3, 4);

static int fail(struct boot *boot, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(boot->error, boot->error_size, format, args);
	va_end(args);
	return code;
}

/* --- what memblock asks of the machine */

static void *host_alloc(void *machine, size_t size, int nid)
{
	return malloc(size);
}

static void host_free(void *machine, void *memory)
{
	free(memory);
}

/* The first place after @pfn, at most @end, where a zone of the node starts or ends. */
static unsigned long next_zone_edge(const struct pglist_data *node, unsigned long pfn,
				    unsigned long end)
{
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		const struct zone *zone = &node->node_zones[type];

		if (!zone->spanned_pages)
			continue;
		if (zone->zone_start_pfn > pfn)
			end = min(end, zone->zone_start_pfn);
		if (zone_end_pfn(zone) > pfn)
			end = min(end, zone_end_pfn(zone));
	}
	return end;
}

static void free_range(void *data, unsigned long start_pfn, unsigned long end_pfn)
{
	struct rig_machine *machine = data;

	for (unsigned long pfn = start_pfn, next; pfn < end_pfn; pfn = next) {
		struct zone *zone = rig_pfn_zone(machine, pfn);

		if (!zone)
			return; /* memory without a zone is nobody's */
		next = next_zone_edge(zone->zone_pgdat, pfn, end_pfn);
		rig_page_free_boot_range(machine, pfn, next);
	}
}

static void reserve_pages(const struct zone *zone, unsigned long start_pfn, unsigned long end_pfn)
{
	for (unsigned long pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = rig_pfn_to_page(zone->machine, pfn);

		page->flags = (unsigned long)zone->node << RIG_PAGE_NODE_SHIFT |
			      (unsigned long)zone_idx(zone) << RIG_PAGE_ZONE_SHIFT |
			      BIT(PG_reserved);
		page_mapcount_reset(page);
		set_page_count(page, 1);
	}
}

/*
 * reserve_bootmem_region: the pages get a struct page that says why they are never free. Of a very
 * large reservation only the blocks at its ends do, which free blocks may have for neighbours;
 * the memory map of the others stays untouched and so costs nothing.
 */
#define MANY_RESERVED_PAGES PFN_DOWN(1UL << 30)

static void reserve_range(void *data, unsigned long start_pfn, unsigned long end_pfn)
{
	struct rig_machine *machine = data;
	unsigned long first, last, next;
	int i;

	rig_for_each_mem_pfn_range(machine->memblock, i, MAX_NUMNODES, &first, &last, NULL)
	{
		last = min(last, end_pfn);
		for (first = max(first, start_pfn); first < last; first = next) {
			const struct zone *zone = rig_pfn_zone(machine, first);

			if (!zone)
				break;
			next = next_zone_edge(zone->zone_pgdat, first, last);
			if (next - first <= MANY_RESERVED_PAGES) {
				reserve_pages(zone, first, next);
				continue;
			}
			reserve_pages(zone, first, first + MAX_ORDER_NR_PAGES);
			reserve_pages(zone, next - MAX_ORDER_NR_PAGES, next);
		}
	}
}

static void print_line(void *data, const char *line)
{
	rig_log(data, "%s", line);
}

static const struct rig_memblock_ops machine_ops = {
	.print = print_line,
	.free_range = free_range,
	.reserve_range = reserve_range,
	.slab_alloc = host_alloc,
	.slab_free = host_free,
};

/* --- the kernel's parameters that boot knows */

/* "512M", "1g", "4096": bytes (memparse). The end is in @rest. */
static unsigned long long parse_size(const char *text, const char **rest)
{
	static const char units[] = "kmgtpe";
	char *end;
	unsigned long long size = strtoull(text, &end, 0);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;

	*rest = unit ? end + 1 : end;
	return unit ? size << (10 * (unit - units + 1)) : size;
}

/* kernelcore= and movablecore=: an amount, or a percentage. */
static int parse_core(struct boot *boot, const char *name, unsigned long *pages,
		      unsigned long *percent)
{
	const char *rest;
	char text[64];

	if (!rig_boot_option(boot->machine, name, text, sizeof(text)))
		return 0;
	*pages = PFN_DOWN(parse_size(text, &rest));
	if (strcmp(rest, "%") == 0 && *text != '%') {
		*percent = strtoul(text, NULL, 0);
		*pages = 0;
		if (*percent <= 100)
			return 0;
	} else if (*text && !*rest) {
		return 0;
	}
	return fail(boot, -EINVAL, "%s=%s: neither an amount nor a percentage", name, text);
}

static int read_command_line(struct boot *boot)
{
	struct rig_memblock *mb = boot->machine->memblock;
	char text[64];
	const char *rest;

	*mb->movable_node = rig_boot_option(boot->machine, "movable_node", NULL, 0);
	if (rig_boot_option(boot->machine, "memblock", text, sizeof(text)))
		rig_memblock_set_debug(mb, strstr(text, "debug") != NULL);
	if (rig_boot_option(boot->machine, "mem", text, sizeof(text))) {
		boot->memory_limit = parse_size(text, &rest);
		if (!boot->memory_limit || *rest)
			return fail(boot, -EINVAL, "mem=%s: not an amount", text);
	}
	boot->cores.movablecore_pages = boot->config->movablecore_pages;
	if (rig_boot_option(boot->machine, "kernelcore", text, sizeof(text)) &&
	    strcmp(text, "mirror") == 0) {
		*mb->mirrored_kernelcore = boot->plan.mirrored = true;
		return 0;
	}
	if (parse_core(boot, "kernelcore", &boot->cores.kernelcore_pages,
		       &boot->cores.kernelcore_percent))
		return -EINVAL;
	return parse_core(boot, "movablecore", &boot->cores.movablecore_pages,
			  &boot->cores.movablecore_percent);
}

/* --- the firmware's map */

static int check_range(struct boot *boot, size_t i)
{
	const struct rig_memory_range *range = &boot->config->memory[i], *other;

	if (range->size > PHYS_ADDR_MAX - range->base)
		return fail(boot, -EINVAL, "memory range %zu at %#llx: %#llx bytes wrap around", i,
			    (unsigned long long)range->base, (unsigned long long)range->size);
	if (range->flags & RIG_MEMORY_RESERVED)
		return 0;
	if (range->nid < 0 || range->nid >= MAX_NUMNODES)
		return fail(boot, -EINVAL,
			    "memory range %zu at %#llx: node %d: 0 to %d are possible", i,
			    (unsigned long long)range->base, range->nid, MAX_NUMNODES - 1);
	for (size_t j = 0; j < i; j++) {
		other = &boot->config->memory[j];
		if ((other->flags & RIG_MEMORY_RESERVED) ||
		    (other->nid == range->nid && other->flags == range->flags) ||
		    !memblock_addrs_overlap(range->base, range->size, other->base, other->size))
			continue;
		return fail(boot, -EINVAL,
			    "memory range %zu at %#llx overlaps range %zu of another node or kind",
			    i, (unsigned long long)range->base, j);
	}
	return 0;
}

static int add_memory(struct rig_memblock *mb, const struct rig_memory_range *range)
{
	static const struct {
		unsigned int from;
		enum memblock_flags to;
	} marks[] = { { RIG_MEMORY_HOTPLUG, MEMBLOCK_HOTPLUG },
		      { RIG_MEMORY_MIRROR, MEMBLOCK_MIRROR },
		      { RIG_MEMORY_NOMAP, MEMBLOCK_NOMAP } };
	int code = rig_memblock_add_node(mb, range->base, range->size, range->nid, MEMBLOCK_NONE,
					 RIG_HERE);

	for (size_t i = 0; !code && i < ARRAY_SIZE(marks); i++)
		if (range->flags & marks[i].from)
			code = rig_memblock_mark(mb, range->base, range->size, marks[i].to);
	return code;
}

/* A reservation that may not be mapped is marked; a plain one is made (as for device trees). */
static int add_reservation(struct rig_memblock *mb, const struct rig_memory_range *range)
{
	if (range->flags & RIG_MEMORY_NOMAP)
		return rig_memblock_mark(mb, range->base, range->size, MEMBLOCK_NOMAP);
	return rig_memblock_reserve(mb, range->base, range->size, RIG_HERE);
}

static int fill_memblock(struct boot *boot)
{
	const struct rig_machine_config *config = boot->config;
	struct rig_memblock *mb = boot->machine->memblock;
	int code = 0;

	for (size_t i = 0; i < config->nr_memory; i++)
		if (check_range(boot, i))
			return -EINVAL;
	for (size_t i = 0; !code && i < config->nr_memory; i++)
		if (!(config->memory[i].flags & RIG_MEMORY_RESERVED))
			code = add_memory(mb, &config->memory[i]);
	for (size_t i = 0; !code && i < config->nr_memory; i++)
		if (config->memory[i].flags & RIG_MEMORY_RESERVED)
			code = add_reservation(mb, &config->memory[i]);
	if (!code)
		code = rig_memblock_reserve(mb, 0, PAGE_SIZE, RIG_HERE);
	if (code)
		return fail(boot, code, "no host memory for the memory map");
	if (boot->memory_limit)
		rig_memblock_remove(mb, boot->memory_limit, PHYS_ADDR_MAX - boot->memory_limit,
				    RIG_HERE);
	rig_memblock_trim_memory(mb, PAGE_SIZE);
	if (!mb->map->memory.regions[0].size)
		return fail(boot, -EINVAL, "the machine has no whole page of memory");
	mb->map->current_limit = PFN_PHYS(boot->machine->max_low_pfn);
	*mb->max_low_pfn = boot->machine->max_low_pfn;
	if (mb->debug)
		rig_memblock_dump(mb);
	return 0;
}

/* --- nodes */

static int count_nodes(struct boot *boot)
{
	const struct rig_machine_config *config = boot->config;
	struct rig_machine *machine = boot->machine;
	int named = 0;

	for (size_t i = 0; i < config->nr_memory; i++)
		if (!(config->memory[i].flags & RIG_MEMORY_RESERVED))
			named = max(named, config->memory[i].nid + 1);
	for (int id = 0; id < machine->nr_cpus; id++) {
		int nid = machine->cpus[id].nid;

		if (nid < 0 || nid >= MAX_NUMNODES)
			return fail(boot, -EINVAL, "CPU %d: node %d: 0 to %d are possible", id, nid,
				    MAX_NUMNODES - 1);
		named = max(named, nid + 1);
	}
	if (config->nr_nodes > MAX_NUMNODES || (config->nr_nodes && config->nr_nodes < named))
		return fail(boot, -EINVAL, "%d nodes, but node %d is named", config->nr_nodes,
			    named - 1);
	machine->nr_nodes = config->nr_nodes ? config->nr_nodes : named;
	return 0;
}

/* The kernel wants the diagonal local and all else farther (numa_set_distance). */
static int set_distances(struct boot *boot)
{
	struct rig_machine *machine = boot->machine;
	int nr = machine->nr_nodes;

	machine->node_distance = malloc((size_t)nr * (size_t)nr);
	if (!machine->node_distance)
		return fail(boot, -ENOMEM, "no host memory for node distances");
	for (int from = 0; from < nr; from++)
		for (int to = 0; to < nr; to++) {
			u8 distance = from == to ? LOCAL_DISTANCE : REMOTE_DISTANCE;

			if (boot->config->node_distance)
				distance = boot->config->node_distance[from * nr + to];
			if (distance < LOCAL_DISTANCE ||
			    (from == to) != (distance == LOCAL_DISTANCE))
				return fail(boot, -EINVAL, "distance of node %d to node %d is %d",
					    from, to, distance);
			machine->node_distance[from * nr + to] = distance;
		}
	return 0;
}

/* A node is there when it has memory or a CPU, or when the description counts it. */
static bool node_exists(const struct boot *boot, int nid)
{
	const struct rig_machine *machine = boot->machine;
	const struct memblock_type *memory = &machine->memblock->map->memory;

	if (boot->config->nr_nodes)
		return true;
	for (unsigned long i = 0; i < memory->cnt; i++)
		if (memory->regions[i].nid == nid)
			return true;
	for (int id = 0; id < machine->nr_cpus; id++)
		if (machine->cpus[id].nid == nid)
			return true;
	return false;
}

static int make_nodes(struct boot *boot)
{
	struct rig_machine *machine = boot->machine;

	rig_zone_limits(machine, boot->config->lowmem_limit != 0, &boot->plan);
	rig_find_movable(machine, &boot->cores, &boot->plan);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		if (node_exists(boot, nid) && rig_node_init(machine, nid, &boot->plan))
			return fail(boot, -ENOMEM, "no host memory for node %d", nid);
	return 0;
}

/* --- free pages */

/*
 * Free memory above the direct map (set_highmem_pages_init): memblock leaves it out, and the
 * kernel frees it page by page, each to the head of its list, so that the highest whole block is
 * the first one there. Where there is much of it, whole blocks are handed over from the highest
 * down, which gives the same lists and leaves the blocks untouched.
 */
#define MANY_HIGHMEM_PAGES PFN_DOWN(1UL << 30)

static void free_high_pages(struct rig_machine *machine, unsigned long start, unsigned long end)
{
	for (; start < end; start++)
		rig_free_reserved_page(&machine->cpus[0], rig_pfn_to_page(machine, start));
}

static void free_high_blocks(struct rig_machine *machine, unsigned long start, unsigned long end)
{
	unsigned long first = min(ALIGN(start, MAX_ORDER_NR_PAGES), end);
	unsigned long last = max(ALIGN_DOWN(end, MAX_ORDER_NR_PAGES), first);

	free_high_pages(machine, start, first);
	free_high_pages(machine, last, end);
	for (; last > first; last -= MAX_ORDER_NR_PAGES)
		free_range(machine, last - MAX_ORDER_NR_PAGES, last);
}

static void free_highmem(struct rig_machine *machine)
{
	bool many = machine->max_pfn - machine->max_low_pfn > MANY_HIGHMEM_PAGES;
	phys_addr_t start, end;
	u64 i;

	if (many)
		rig_for_each_free_mem_range_reverse(machine->memblock, i, NUMA_NO_NODE,
						    MEMBLOCK_NONE, &start, &end, NULL)
			free_high_blocks(machine, max(PFN_UP(start), machine->max_low_pfn),
					 max(PFN_DOWN(end), machine->max_low_pfn));
	else
		rig_for_each_free_mem_range(machine->memblock, i, NUMA_NO_NODE, MEMBLOCK_NONE,
					    &start, &end, NULL)
			free_high_pages(machine, max(PFN_UP(start), machine->max_low_pfn),
					PFN_DOWN(end));
}

int rig_boot(struct rig_machine *machine, const struct rig_machine_config *config, char *error,
	     size_t error_size)
{
	struct boot boot = {
		.machine = machine, .config = config, .error = error, .error_size = error_size
	};

	machine->memblock = malloc(sizeof(*machine->memblock));
	if (!machine->memblock)
		return fail(&boot, -ENOMEM, "no host memory for memblock");
	rig_memblock_init(machine->memblock, (unsigned long)machine->direct_map);
	machine->memblock->ops = &machine_ops;
	machine->memblock->ops_data = machine;
	machine->memblock->can_resize = machine->memblock->arrays_in_slab = true;
	if (read_command_line(&boot) || fill_memblock(&boot) || count_nodes(&boot) ||
	    set_distances(&boot) || make_nodes(&boot))
		return -EINVAL;
	if (rig_iomem_init(machine, config))
		return fail(&boot, -ENOMEM, "no host memory for the resource tree");
	if (rig_page_init(machine))
		return fail(&boot, -ENOMEM, "page backend %s does not start", machine->page->name);
	if (config->bare)
		return 0;
	free_highmem(machine);
	rig_memblock_free_all(machine->memblock);
	if (atomic_long_read(&machine->totalram_pages) == 0)
		return fail(&boot, -EINVAL, "all of the machine's memory is reserved");
	rig_page_boot_done(machine);
	return rig_page_boot_sysctls(machine, error, error_size);
}

void rig_boot_fini(struct rig_machine *machine)
{
	if (machine->page_front)
		rig_page_fini(machine);
	for (int nid = 0; nid < machine->nr_nodes; nid++)
		free(machine->nodes[nid]);
	free(machine->node_distance);
	rig_iomem_fini(machine);
	if (machine->memblock)
		rig_memblock_discard(machine->memblock);
	free(machine->memblock);
}
