// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a flattened device tree to a machine's description. One walk collects nodes in the tree's
 * order; the first thing that makes no sense ends it with the node's path and the property's name.
 *
 * Node numbers count from the highest one named anywhere; a node without memory or CPUs exists.
 * Reservations without a place get one last, when all memory and all others are known.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devicetree.h"

void rig_tree_fail(struct walk *walk, int node, const char *property, const char *format, ...)
{
	char path[256] = "", text[256];
	va_list args;

	if (walk->failed)
		return;
	walk->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (node < 0 || fdt_get_path(walk->fdt, node, path, sizeof(path)))
		path[0] = '\0';
	snprintf(walk->error, walk->error_size, "%s: %s%s%s%s%s", walk->tree->path, path,
		 *path ? ": " : "", property ? property : "", property ? ": " : "", text);
}

/* Room for one more element of an array that grows by doubling; NULL: no host memory. */
static void *grow(struct walk *walk, const void *array, size_t nr, size_t size)
{
	void *bigger;

	if (nr & (nr - 1))
		return (void *)array; /* not a power of two: there is room */
	bigger = realloc((void *)array, (nr ? 2 * nr : 1) * size);
	if (!bigger)
		rig_tree_fail(walk, -1, NULL, "no host memory");
	return bigger;
}

bool rig_tree_add_memory(struct walk *walk, const struct rig_memory_range *range)
{
	struct rig_machine_config *config = &walk->tree->config;
	struct rig_memory_range *memory =
		grow(walk, config->memory, config->nr_memory, sizeof(*memory));

	if (!memory)
		return false;
	memory[config->nr_memory++] = *range;
	config->memory = memory;
	return true;
}

static bool add_device(struct walk *walk, const struct rig_device_config *device)
{
	struct rig_machine_config *config = &walk->tree->config;
	struct rig_device_config *devices =
		grow(walk, config->devices, config->nr_devices, sizeof(*devices));

	if (!devices)
		return false;
	devices[config->nr_devices++] = *device;
	config->devices = devices;
	return true;
}

static bool has(const struct walk *walk, int node, const char *property)
{
	return fdt_getprop(walk->fdt, node, property, NULL) != NULL;
}

/* A property's one cell, at most @most; @missing when it is not there. */
static unsigned int get_cell(struct walk *walk, int node, const char *property, unsigned int most,
			     unsigned int missing)
{
	int length;
	const fdt32_t *value = fdt_getprop(walk->fdt, node, property, &length);

	if (!value)
		return missing;
	if (length != 4)
		rig_tree_fail(walk, node, property, "%d bytes: one cell is wanted", length);
	else if (fdt32_ld(value) > most)
		rig_tree_fail(walk, node, property, "%u: 0 to %u are possible", fdt32_ld(value),
			      most);
	else
		return fdt32_ld(value);
	return missing;
}

/* One or two cells; 0 when it is not there. */
static u64 get_bytes(struct walk *walk, int node, const char *property)
{
	int length;
	const void *value = fdt_getprop(walk->fdt, node, property, &length);

	if (!value)
		return 0;
	if (length != 4 && length != 8) {
		rig_tree_fail(walk, node, property, "%d bytes: one or two cells are wanted",
			      length);
		return 0;
	}
	return rig_tree_read_cells(value, length / 4);
}

static const char *get_string(struct walk *walk, int node, const char *property)
{
	int length;
	const char *value = fdt_getprop(walk->fdt, node, property, &length);

	if (value && (length == 0 || value[length - 1] != '\0')) {
		rig_tree_fail(walk, node, property, "not a string");
		return NULL;
	}
	return value;
}

static bool is_available(struct walk *walk, int node)
{
	const char *status = get_string(walk, node, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static int get_nid(struct walk *walk, int node)
{
	unsigned int nid = get_cell(walk, node, "numa-node-id", MAX_NUMNODES - 1, 0);

	walk->nr_nodes = max(walk->nr_nodes, (int)nid + 1);
	return (int)nid;
}

/* --- what is where */

static void read_memory(struct walk *walk, int node)
{
	const char *property =
		has(walk, node, "linux,usable-memory") ? "linux,usable-memory" : "reg";
	struct rig_memory_range range = {
		.flags = (has(walk, node, "hotpluggable") ? RIG_MEMORY_HOTPLUG : 0) |
			 (has(walk, node, "kmemrig,mirror") ? RIG_MEMORY_MIRROR : 0),
		.nid = get_nid(walk, node),
	};
	struct reg reg;

	if (!is_available(walk, node))
		return;
	if (!has(walk, node, property))
		rig_tree_fail(walk, node, property, "missing");
	for (int i = 0; rig_tree_reg(walk, node, property, i, &reg); i++) {
		range.base = reg.base;
		range.size = reg.size;
		if (reg.size && !rig_tree_add_memory(walk, &range))
			return;
	}
}

static void read_reservations(struct walk *walk, int parent)
{
	int node;

	fdt_for_each_subnode(node, walk->fdt, parent)
	{
		struct rig_memory_range range = {
			.flags = RIG_MEMORY_RESERVED |
				 (has(walk, node, "no-map") ? RIG_MEMORY_NOMAP : 0),
			.name = get_string(walk, node, "label"),
		};
		struct reg reg;

		if (!is_available(walk, node))
			continue;
		if (!has(walk, node, "reg") && !has(walk, node, "size"))
			rig_tree_fail(walk, node, NULL, "neither reg nor size");
		for (int i = 0; rig_tree_reg(walk, node, "reg", i, &reg); i++) {
			range.base = reg.base;
			range.size = reg.size;
			if (!rig_tree_add_memory(walk, &range))
				return;
		}
	}
}

static void read_memreserves(struct walk *walk)
{
	for (int i = 0; i < fdt_num_mem_rsv(walk->fdt); i++) {
		struct rig_memory_range range = { .flags = RIG_MEMORY_RESERVED };
		u64 base, size;

		if (fdt_get_mem_rsv(walk->fdt, i, &base, &size))
			return;
		range.base = base;
		range.size = size;
		if (size && !rig_tree_add_memory(walk, &range))
			return;
	}
}

static bool is_cpu(struct walk *walk, int node)
{
	const char *type = get_string(walk, node, "device_type");
	const char *name = fdt_get_name(walk->fdt, node, NULL);

	return (type && strcmp(type, "cpu") == 0) || (name && strncmp(name, "cpu@", 4) == 0);
}

static void read_cpus(struct walk *walk, int parent)
{
	struct rig_machine_config *config = &walk->tree->config;
	int node, *cpu_nid = NULL;

	fdt_for_each_subnode(node, walk->fdt, parent)
	{
		if (!is_cpu(walk, node) || !is_available(walk, node))
			continue;
		if (config->nr_cpus == RIG_NR_CPUS) {
			rig_tree_fail(walk, node, NULL, "more than %d CPUs", RIG_NR_CPUS);
			return;
		}
		cpu_nid = grow(walk, config->cpu_nid, (size_t)config->nr_cpus, sizeof(*cpu_nid));
		if (!cpu_nid)
			return;
		cpu_nid[config->nr_cpus++] = get_nid(walk, node);
		config->cpu_nid = cpu_nid;
	}
}

/* --- how far nodes are from each other: triples of from, to, distance */

static const fdt32_t *find_distances(struct walk *walk, int *node, int *nr)
{
	const fdt32_t *matrix;
	int length;

	*node = fdt_path_offset(walk->fdt, "/distance-map");
	if (*node < 0)
		return NULL;
	matrix = fdt_getprop(walk->fdt, *node, "distance-matrix", &length);
	if (!matrix || length % 12) {
		rig_tree_fail(walk, *node, "distance-matrix", "triples of cells are wanted");
		return NULL;
	}
	*nr = length / 12;
	return matrix;
}

static void set_distance(struct walk *walk, int node, u8 *distances, const fdt32_t *triple)
{
	unsigned int from = fdt32_ld(&triple[0]), to = fdt32_ld(&triple[1]);
	unsigned int distance = fdt32_ld(&triple[2]);
	unsigned int nr = (unsigned int)walk->nr_nodes;

	if (distance > 254 || (from == to) != (distance == 10) || distance < 10) {
		rig_tree_fail(walk, node, "distance-matrix",
			      "node %u to node %u: %u (10 for a node itself, 11 to 254 for others)",
			      from, to, distance);
		return;
	}
	distances[from * nr + to] = (u8)distance;
	if (to > from)
		distances[to * nr + from] = (u8)distance;
}

static void read_distances(struct walk *walk)
{
	int node, nr;
	const fdt32_t *matrix = find_distances(walk, &node, &nr);
	u8 *distances;

	if (!matrix)
		return;
	for (int i = 0; i < nr * 3; i++) {
		unsigned int nid = fdt32_ld(&matrix[i]);

		if (i % 3 == 2)
			continue;
		if (nid >= MAX_NUMNODES) {
			rig_tree_fail(walk, node, "distance-matrix", "node %u", nid);
			return;
		}
		walk->nr_nodes = max(walk->nr_nodes, (int)nid + 1);
	}
	distances = malloc((size_t)walk->nr_nodes * (size_t)walk->nr_nodes);
	if (!distances) {
		rig_tree_fail(walk, -1, NULL, "no host memory");
		return;
	}
	walk->tree->config.node_distance = distances;
	for (int from = 0; from < walk->nr_nodes; from++)
		for (int to = 0; to < walk->nr_nodes; to++)
			distances[from * walk->nr_nodes + to] = from == to ? 10 : 20;
	for (int i = 0; i < nr; i++)
		set_distance(walk, node, distances, &matrix[3 * i]);
}

/* --- devices and settings */

#define MODEL_PREFIX "kmemrig,"

/* What the node is compatible with that begins with "kmemrig,"; NULL: no device of ours. */
static const char *model_of(const struct walk *walk, int node)
{
	int nr = fdt_stringlist_count(walk->fdt, node, "compatible");

	for (int i = 0; i < nr; i++) {
		const char *one = fdt_stringlist_get(walk->fdt, node, "compatible", i, NULL);

		if (one && strncmp(one, MODEL_PREFIX, strlen(MODEL_PREFIX)) == 0)
			return one;
	}
	return NULL;
}

static void read_devices(struct walk *walk)
{
	for (int node = fdt_next_node(walk->fdt, 0, NULL); node >= 0 && !walk->failed;
	     node = fdt_next_node(walk->fdt, node, NULL)) {
		struct rig_device_config device = { .model = model_of(walk, node), .node = node };
		struct reg reg;

		if (!device.model || !is_available(walk, node))
			continue;
		if (!rig_tree_reg(walk, node, "reg", 0, &reg)) {
			rig_tree_fail(walk, node, "reg", "missing");
			return;
		}
		if (!rig_tree_translate(walk, node, &reg))
			return;
		device.base = reg.base;
		device.size = reg.size;
		device.irq = rig_tree_interrupt(walk, node);
		device.name = get_string(walk, node, "label");
		if (!device.name)
			device.name = fdt_get_name(walk->fdt, node, NULL);
		if (!add_device(walk, &device))
			return;
	}
}

static void read_chosen(struct walk *walk)
{
	struct rig_machine_config *config = &walk->tree->config;
	int node = fdt_path_offset(walk->fdt, "/chosen");

	if (node < 0)
		return;
	config->command_line = get_string(walk, node, "bootargs");
	config->lowmem_limit = get_bytes(walk, node, "kmemrig,lowmem-limit");
	config->movablecore_pages = PFN_UP(get_bytes(walk, node, "kmemrig,movablecore"));
	config->pageblock_order = get_cell(walk, node, "kmemrig,pageblock-order", MAX_ORDER - 1, 0);
	config->huge_pages = has(walk, node, "kmemrig,huge-pages");
	config->min_free_kbytes = get_cell(walk, node, "kmemrig,min-free-kbytes", ~0U, 0);
	config->watermark_scale_factor =
		get_cell(walk, node, "kmemrig,watermark-scale-factor", 3000, 0);
	config->page_backend = get_string(walk, node, "kmemrig,page-backend");
	config->slab_backend = get_string(walk, node, "kmemrig,slab-backend");
}

static void read_tree(struct walk *walk)
{
	int node;

	fdt_for_each_subnode(node, walk->fdt, 0)
	{
		const char *type = get_string(walk, node, "device_type");

		if (type && strcmp(type, "memory") == 0)
			read_memory(walk, node);
	}
	if (!walk->failed && !walk->tree->config.nr_memory)
		rig_tree_fail(walk, -1, NULL, "no memory (a node with device_type = \"memory\")");
	node = fdt_path_offset(walk->fdt, "/cpus");
	if (node >= 0)
		read_cpus(walk, node);
	read_distances(walk);
	read_memreserves(walk);
	node = fdt_path_offset(walk->fdt, "/reserved-memory");
	if (node >= 0) {
		read_reservations(walk, node);
		if (!walk->failed)
			rig_tree_place_reservations(walk, node);
	}
	read_devices(walk);
	read_chosen(walk);
	walk->tree->config.nr_nodes = walk->nr_nodes;
	walk->tree->config.devicetree = walk->tree->blob;
	walk->tree->config.name = get_string(walk, 0, "model");
	if (!walk->tree->config.name)
		walk->tree->config.name = walk->tree->path;
}

struct rig_devicetree *rig_devicetree_parse(const void *blob, size_t size, const char *path,
					    char *error, size_t error_size)
{
	struct rig_devicetree *tree = calloc(1, sizeof(*tree));
	struct walk walk = { .tree = tree, .error = error, .error_size = error_size };
	int code;

	if (!tree || !(tree->path = strdup(path)) || !(tree->blob = malloc(size))) {
		snprintf(error, error_size, "%s: no host memory", path);
		rig_devicetree_close(tree);
		return NULL;
	}
	walk.fdt = memcpy(tree->blob, blob, size);
	code = fdt_check_full(walk.fdt, size);
	if (code)
		rig_tree_fail(&walk, -1, NULL, "not a device tree: %s", fdt_strerror(code));
	else
		read_tree(&walk);
	if (!walk.failed)
		return tree;
	rig_devicetree_close(tree);
	return NULL;
}

void rig_devicetree_close(struct rig_devicetree *tree)
{
	if (!tree)
		return;
	free((void *)tree->config.memory);
	free((void *)tree->config.devices);
	free((void *)tree->config.cpu_nid);
	free((void *)tree->config.node_distance);
	free(tree->blob);
	free(tree->path);
	free(tree);
}
