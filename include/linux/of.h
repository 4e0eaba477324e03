/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes of the machine's device tree, read where they lie (libfdt). A machine that was described
 * without a tree has nodes too, which know nothing but what they are compatible with.
 */
#ifndef _LINUX_OF_H_RIG
#define _LINUX_OF_H_RIG

#include <kmemrig/cpu.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/mod_devicetable.h>
#include <linux/types.h>

typedef u32 phandle;
struct device;
struct rig_device;

struct device_node {
	const char *name;      /* without the address */
	const char *full_name; /* "edu@fea00000" */
	const struct rig_device *device;
	const void *tree; /* flattened; NULL: there is none */
	int offset;	  /* of the node in it */
};

/* Is one of the node's names @name? */
bool of_device_is_compatible(const struct device_node *node, const char *name);
/* The first entry that the node is compatible with; NULL: none. @matches may be NULL. */
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node);
#define of_match_ptr(table) (table)

/* The value as it lies in the tree, big endian, and its length in bytes; NULL: no such property. */
const void *of_get_property(const struct device_node *node, const char *name, int *length);

static inline bool of_property_read_bool(const struct device_node *node, const char *name)
{
	return of_get_property(node, name, NULL) != NULL;
}

#define of_property_present(node, name) of_property_read_bool(node, name)

/* 0; -EINVAL: no such property; -ENODATA: it is empty; -EOVERFLOW: it is too short. */
int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *value);
int of_property_read_u32_array(const struct device_node *node, const char *name, u32 *values,
			       size_t count);
int of_property_read_u64(const struct device_node *node, const char *name, u64 *value);
/* -EILSEQ: not ended within the property. */
int of_property_read_string(const struct device_node *node, const char *name, const char **text);
int of_property_read_string_index(const struct device_node *node, const char *name, int index,
				  const char **text);
/* How many / which; -EINVAL, -ENODATA as above. */
int of_property_count_strings(const struct device_node *node, const char *name);
int of_property_match_string(const struct device_node *node, const char *name, const char *text);
int of_property_count_elems_of_size(const struct device_node *node, const char *name, int size);

static inline int of_property_read_u32(const struct device_node *node, const char *name, u32 *value)
{
	return of_property_read_u32_array(node, name, value, 1);
}

#define of_property_count_u32_elems(node, name) of_property_count_elems_of_size(node, name, 4)

/* The device that the @index-th cell of a property names; NULL: it is none of the machine's. */
struct device_node *of_parse_phandle(const struct device_node *node, const char *name, int index);
/* NULL: nodes above devices are not seen. */
#define of_get_parent(node) ((void)(node), (struct device_node *)NULL)

/* The @index-th range of registers as the CPU sees it. 0, -EINVAL: there is none. */
int of_address_to_resource(const struct device_node *node, int index, struct resource *resource);
/* NULL: see of_address_to_resource and ioremap. */
void __iomem *of_iomap(struct device_node *node, int index);
/* The interrupt line; 0: there is none. */
unsigned int irq_of_parse_and_map(const struct device_node *node, int index);

/* Nodes are there as long as the machine. */
static inline struct device_node *of_node_get(struct device_node *node)
{
	return node;
}

static inline void of_node_put(struct device_node *node)
{
}

#define of_device_is_available(node) ((node) != NULL)
#define of_node_full_name(node) ((node) ? (node)->full_name : "<no-node>")

#endif
