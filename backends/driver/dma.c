// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for devices: pages from the zone that a device's mask reaches, addresses that are the
 * physical ones, and a list a device of what is mapped, in host memory, against which each unmap is
 * checked. The messages are those of a kernel with CONFIG_DMA_API_DEBUG.
 *
 * dev->dma_mappings.lock guards the list; reports are made outside of it.
 */
#include <stdlib.h>

#include <kmemrig/check.h>
#include <kmemrig/dma.h>
#include <kmemrig/machine.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#define ZONE_DMA_BITS 24

enum mapping_type { MAPPED_SINGLE, MAPPED_SG, MAPPED_COHERENT };

struct rig_dma_mapping {
	enum mapping_type type;
	dma_addr_t at;
	size_t size;
	enum dma_data_direction direction;
	bool checked; /* dma_mapping_error() looked at it */
	struct rig_dma_mapping *next;
};

static const char *type_name(enum mapping_type type)
{
	static const char *const names[] = { "single", "scatter-gather", "coherent" };

	return names[type];
}

static const char *direction_name(enum dma_data_direction direction)
{
	static const char *const names[] = { "DMA_BIDIRECTIONAL", "DMA_TO_DEVICE",
					     "DMA_FROM_DEVICE", "DMA_NONE" };

	return names[direction & 3];
}

/* The kernel's report of abuse: driver, device, what is wrong. */
#define DMA_MISUSE(dev, check, format, ...)                                                        \
	rig_misuse(rig_this_cpu(), check, "DMA-API: %s %s: " format, dev_driver_string(dev),       \
		   dev_name(dev), ##__VA_ARGS__)

static void remember(struct device *dev, enum mapping_type type, dma_addr_t at, size_t size,
		     enum dma_data_direction direction)
{
	struct rig_dma_mapping *mapping = calloc(1, sizeof(*mapping));
	unsigned long flags;

	if (!mapping)
		return;
	*mapping = (struct rig_dma_mapping){ .type = type,
					     .at = at,
					     .size = size,
					     .direction = direction,
					     .checked = type != MAPPED_SINGLE };
	spin_lock_irqsave(&dev->dma_mappings.lock, flags);
	mapping->next = dev->dma_mappings.list;
	dev->dma_mappings.list = mapping;
	spin_unlock_irqrestore(&dev->dma_mappings.lock, flags);
}

/* Takes the mapping at that address off the list, one of @type first; the caller frees it. */
static struct rig_dma_mapping *take(struct device *dev, enum mapping_type type, dma_addr_t at)
{
	struct rig_dma_mapping **link, **found = NULL, *mapping = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dev->dma_mappings.lock, flags);
	for (link = &dev->dma_mappings.list; *link; link = &(*link)->next)
		if ((*link)->at == at && (!found || (*link)->type == type)) {
			found = link;
			if ((*link)->type == type)
				break;
		}
	if (found) {
		mapping = *found;
		*found = mapping->next;
	}
	spin_unlock_irqrestore(&dev->dma_mappings.lock, flags);
	return mapping;
}

/* What is given back against what was mapped. false: it was not mapped at all. */
static bool forget(struct device *dev, enum mapping_type type, dma_addr_t at, size_t size,
		   enum dma_data_direction direction)
{
	struct rig_dma_mapping *mapping = take(dev, type, at);
	unsigned long long address = at;

	if (!mapping) {
		DMA_MISUSE(dev, "dma.unmap",
			   "device driver tries to free DMA memory it has not allocated "
			   "[device address=0x%016llx] [size=%zu bytes]",
			   address, size);
		return false;
	}
	if (mapping->size != size)
		DMA_MISUSE(dev, "dma.size",
			   "device driver frees DMA memory with different size [device "
			   "address=0x%016llx] [map size=%zu bytes] [unmap size=%zu bytes]",
			   address, mapping->size, size);
	if (mapping->type != type)
		DMA_MISUSE(dev, "dma.function",
			   "device driver frees DMA memory with wrong function [device "
			   "address=0x%016llx] [size=%zu bytes] [mapped as %s] [unmapped as %s]",
			   address, size, type_name(mapping->type), type_name(type));
	if (mapping->direction != direction)
		DMA_MISUSE(dev, "dma.direction",
			   "device driver frees DMA memory with different direction [device "
			   "address=0x%016llx] [size=%zu bytes] [mapped with %s] [unmapped with "
			   "%s]",
			   address, size, direction_name(mapping->direction),
			   direction_name(direction));
	if (!mapping->checked)
		DMA_MISUSE(dev, "dma.unchecked",
			   "device driver failed to check map error[device address=0x%016llx] "
			   "[size=%zu bytes] [mapped as %s]",
			   address, size, type_name(mapping->type));
	free(mapping);
	return true;
}

void rig_dma_driver_gone(struct rig_cpu *cpu, struct device *dev)
{
	struct rig_dma_mapping *list = dev->dma_mappings.list, *mapping = list;
	int count = 0;

	dev->dma_mappings.list = NULL;
	for (; mapping; mapping = mapping->next)
		count++;
	if (count)
		DMA_MISUSE(dev, "dma.pending",
			   "device driver has pending DMA allocations while released from device "
			   "[count=%d]\nOne of leaked entries details: [device "
			   "address=0x%016llx] [size=%zu bytes] [mapped with %s] [mapped as %s]",
			   count, (unsigned long long)list->at, list->size,
			   direction_name(list->direction), type_name(list->type));
	while (list) {
		struct rig_dma_mapping *next = list->next;

		free(list);
		list = next;
	}
}

/* --- masks */

u64 dma_get_required_mask(struct device *dev)
{
	u64 last = PFN_PHYS(rig_this_cpu()->machine->max_pfn) - 1;

	return ~0ULL >> (64 - fls64(last));
}

static bool is_supported(u64 mask)
{
	u64 last = PFN_PHYS(rig_this_cpu()->machine->max_pfn - 1);

	return mask >= DMA_BIT_MASK(32) || mask >= min(last, DMA_BIT_MASK(ZONE_DMA_BITS));
}

int dma_set_mask(struct device *dev, u64 mask)
{
	if (!dev->dma_mask || !is_supported(mask))
		return -EIO;
	*dev->dma_mask = mask;
	return 0;
}

int dma_set_coherent_mask(struct device *dev, u64 mask)
{
	if (!is_supported(mask))
		return -EIO;
	dev->coherent_dma_mask = mask;
	return 0;
}

/* --- coherent memory */

static gfp_t zone_of(u64 mask)
{
	if (mask <= DMA_BIT_MASK(ZONE_DMA_BITS))
		return GFP_DMA;
	return mask <= DMA_BIT_MASK(32) ? GFP_DMA32 : 0;
}

static bool reaches(u64 mask, dma_addr_t at, size_t size)
{
	return at + size - 1 <= mask;
}

/* From the zone that the mask asks for, then from lower ones where that was not low enough. */
static struct page *pages_for(struct device *dev, size_t size, gfp_t gfp)
{
	u64 mask = dev->coherent_dma_mask;
	gfp_t zone = zone_of(mask);

	for (;;) {
		struct page *page = alloc_pages_node(dev_to_node(dev), gfp | zone,
						     (unsigned int)get_order(size));

		if (!page || reaches(mask, page_to_phys(page), size))
			return page;
		__free_pages(page, (unsigned int)get_order(size));
		if (zone & GFP_DMA)
			return NULL;
		zone = zone == 0 && mask < DMA_BIT_MASK(64) ? GFP_DMA32 : GFP_DMA;
	}
}

void *dma_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs)
{
	struct page *page;

	WARN_ON_ONCE(!dev->coherent_dma_mask);
	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_ZERO);
	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	page = pages_for(dev, PAGE_ALIGN(size), gfp);
	if (!page)
		return NULL;
	memset(page_address(page), 0, PAGE_ALIGN(size));
	*handle = page_to_phys(page);
	remember(dev, MAPPED_COHERENT, *handle, size, DMA_BIDIRECTIONAL);
	return page_address(page);
}

void dma_free_attrs(struct device *dev, size_t size, void *address, dma_addr_t handle,
		    unsigned long attrs)
{
	/* Elsewhere freeing means unmapping, which waits for other CPUs. */
	WARN_ON(irqs_disabled());
	if (!address || !forget(dev, MAPPED_COHERENT, handle, size, DMA_BIDIRECTIONAL))
		return;
	__free_pages(virt_to_page(address), (unsigned int)get_order(PAGE_ALIGN(size)));
}

/* --- memory of the driver's own */

/* The device's address; nothing is remembered. */
static dma_addr_t map(struct device *dev, phys_addr_t at, size_t size)
{
	u64 mask = dma_get_mask(dev);

	if (dev->dma_mask && reaches(mask, at, size))
		return at;
	dev_WARN_ONCE(dev, 1, "DMA addr 0x%016llx+%zu overflow (mask %llx, bus limit 0).",
		      (unsigned long long)at, size, (unsigned long long)mask);
	return DMA_MAPPING_ERROR;
}

dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction direction, unsigned long attrs)
{
	dma_addr_t at;

	BUG_ON(!valid_dma_direction(direction));
	at = map(dev, page_to_phys(page) + offset, size);
	if (at != DMA_MAPPING_ERROR)
		remember(dev, MAPPED_SINGLE, at, size, direction);
	return at;
}

dma_addr_t dma_map_single_attrs(struct device *dev, void *address, size_t size,
				enum dma_data_direction direction, unsigned long attrs)
{
	if (is_vmalloc_addr(address) || !virt_addr_valid(address)) {
		dev_WARN_ONCE(dev, 1, "rejecting DMA map of %s memory",
			      is_vmalloc_addr(address) ? "vmalloc" : "foreign");
		return DMA_MAPPING_ERROR;
	}
	return dma_map_page_attrs(dev, virt_to_page(address), offset_in_page(address), size,
				  direction, attrs);
}

void dma_unmap_page_attrs(struct device *dev, dma_addr_t at, size_t size,
			  enum dma_data_direction direction, unsigned long attrs)
{
	BUG_ON(!valid_dma_direction(direction));
	forget(dev, MAPPED_SINGLE, at, size, direction);
}

void dma_unmap_single_attrs(struct device *dev, dma_addr_t at, size_t size,
			    enum dma_data_direction direction, unsigned long attrs)
{
	dma_unmap_page_attrs(dev, at, size, direction, attrs);
}

int dma_mapping_error(struct device *dev, dma_addr_t at)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->dma_mappings.lock, flags);
	for (struct rig_dma_mapping *mapping = dev->dma_mappings.list; mapping;
	     mapping = mapping->next)
		if (mapping->at == at && !mapping->checked) {
			mapping->checked = true;
			break;
		}
	spin_unlock_irqrestore(&dev->dma_mappings.lock, flags);
	return at == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

unsigned int dma_map_sg_attrs(struct device *dev, struct scatterlist *sgl, int nents,
			      enum dma_data_direction direction, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	BUG_ON(!valid_dma_direction(direction));
	for_each_sg(sgl, sg, nents, i)
	{
		sg->dma_address = map(dev, sg_phys(sg), sg->length);
		if (sg->dma_address == DMA_MAPPING_ERROR)
			return 0;
		sg_dma_len(sg) = sg->length;
	}
	for_each_sg(sgl, sg, nents, i)
		remember(dev, MAPPED_SG, sg->dma_address, sg->length, direction);
	return (unsigned int)nents;
}

void dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction direction, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		forget(dev, MAPPED_SG, sg->dma_address, sg_dma_len(sg), direction);
}

int dma_map_sgtable(struct device *dev, struct sg_table *table, enum dma_data_direction direction,
		    unsigned long attrs)
{
	unsigned int nents =
		dma_map_sg_attrs(dev, table->sgl, (int)table->orig_nents, direction, attrs);

	if (!nents)
		return -EIO;
	table->nents = nents;
	return 0;
}

void dma_unmap_sgtable(struct device *dev, struct sg_table *table,
		       enum dma_data_direction direction, unsigned long attrs)
{
	dma_unmap_sg_attrs(dev, table->sgl, (int)table->orig_nents, direction, attrs);
}

static void expect_mapped(struct device *dev, dma_addr_t at, size_t size)
{
	bool found = false;
	unsigned long flags;

	spin_lock_irqsave(&dev->dma_mappings.lock, flags);
	for (struct rig_dma_mapping *mapping = dev->dma_mappings.list; mapping && !found;
	     mapping = mapping->next)
		found = at >= mapping->at && at + size <= mapping->at + mapping->size;
	spin_unlock_irqrestore(&dev->dma_mappings.lock, flags);
	if (!found)
		DMA_MISUSE(dev, "dma.sync",
			   "device driver tries to sync DMA memory it has not allocated [device "
			   "address=0x%016llx] [size=%zu bytes]",
			   (unsigned long long)at, size);
}

void dma_sync_single_for_cpu(struct device *dev, dma_addr_t at, size_t size,
			     enum dma_data_direction direction)
{
	expect_mapped(dev, at, size);
}

void dma_sync_single_for_device(struct device *dev, dma_addr_t at, size_t size,
				enum dma_data_direction direction)
{
	expect_mapped(dev, at, size);
}
