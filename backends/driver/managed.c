// SPDX-License-Identifier: GPL-2.0-only
/* Managed registers, interrupts, bitmaps and DMA memory: what ends each with the driver. */
#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>

/* --- registers */

static void ioremap_release(struct device *dev, void *resource)
{
	iounmap(*(void __iomem **)resource);
}

static int is_mapping(struct device *dev, void *resource, void *match_data)
{
	return *(void **)resource == match_data;
}

void __iomem *devm_ioremap(struct device *dev, resource_size_t base, resource_size_t size)
{
	void __iomem **mapping = devres_alloc(ioremap_release, sizeof(*mapping), GFP_KERNEL);

	if (!mapping)
		return NULL;
	*mapping = ioremap(base, size);
	if (!*mapping) {
		devres_free(mapping);
		return NULL;
	}
	devres_add(dev, mapping);
	return *mapping;
}

void devm_iounmap(struct device *dev, void __iomem *address)
{
	WARN_ON(devres_release(dev, ioremap_release, is_mapping, (__force void *)address));
}

struct region {
	resource_size_t start, size;
};

static void region_release(struct device *dev, void *resource)
{
	struct region *region = resource;

	release_mem_region(region->start, region->size);
}

struct resource *devm_request_mem_region(struct device *dev, resource_size_t start,
					 resource_size_t size, const char *name)
{
	struct region *region = devres_alloc(region_release, sizeof(*region), GFP_KERNEL);
	struct resource *resource;

	if (!region)
		return NULL;
	resource = request_mem_region(start, size, name);
	if (!resource) {
		devres_free(region);
		return NULL;
	}
	*region = (struct region){ start, size };
	devres_add(dev, region);
	return resource;
}

void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *resource)
{
	void __iomem *address;
	resource_size_t size;

	if (!resource || resource_type(resource) != IORESOURCE_MEM) {
		dev_err(dev, "invalid resource");
		return (__force void __iomem *)ERR_PTR(-EINVAL);
	}
	size = resource_size(resource);
	if (!devm_request_mem_region(dev, resource->start, size, dev_name(dev))) {
		dev_err(dev, "can't request region for resource [mem %#010llx-%#010llx]",
			(unsigned long long)resource->start, (unsigned long long)resource->end);
		return (__force void __iomem *)ERR_PTR(-EBUSY);
	}
	address = devm_ioremap(dev, resource->start, size);
	if (!address) {
		dev_err(dev, "ioremap failed for resource [mem %#010llx-%#010llx]",
			(unsigned long long)resource->start, (unsigned long long)resource->end);
		return (__force void __iomem *)ERR_PTR(-ENOMEM);
	}
	return address;
}

/* --- interrupts */

struct line {
	unsigned int irq;
	void *dev_id;
};

static void irq_release(struct device *dev, void *resource)
{
	struct line *line = resource;

	free_irq(line->irq, line->dev_id);
}

static int is_line(struct device *dev, void *resource, void *match_data)
{
	struct line *line = resource, *wanted = match_data;

	return line->irq == wanted->irq && line->dev_id == wanted->dev_id;
}

int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
			      irq_handler_t thread_fn, unsigned long flags, const char *name,
			      void *dev_id)
{
	struct line *line = devres_alloc(irq_release, sizeof(*line), GFP_KERNEL);
	int code;

	if (!line)
		return -ENOMEM;
	code = request_threaded_irq(irq, handler, thread_fn, flags, name ? name : dev_name(dev),
				    dev_id);
	if (code) {
		devres_free(line);
		return code;
	}
	*line = (struct line){ irq, dev_id };
	devres_add(dev, line);
	return 0;
}

void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id)
{
	struct line line = { irq, dev_id };

	WARN_ON(devres_destroy(dev, irq_release, is_line, &line));
	free_irq(irq, dev_id);
}

/* --- bitmaps */

static void free_bitmap(void *data)
{
	bitmap_free(data);
}

unsigned long *devm_bitmap_alloc(struct device *dev, unsigned int nbits, gfp_t flags)
{
	unsigned long *bitmap = bitmap_alloc(nbits, flags);

	if (!bitmap || devm_add_action_or_reset(dev, free_bitmap, bitmap))
		return NULL;
	return bitmap;
}

unsigned long *devm_bitmap_zalloc(struct device *dev, unsigned int nbits, gfp_t flags)
{
	return devm_bitmap_alloc(dev, nbits, flags | __GFP_ZERO);
}

/* --- memory for DMA */

struct dma_memory {
	size_t size;
	void *address;
	dma_addr_t handle;
	unsigned long attrs;
};

static void dma_release(struct device *dev, void *resource)
{
	struct dma_memory *memory = resource;

	dma_free_attrs(dev, memory->size, memory->address, memory->handle, memory->attrs);
}

static int is_dma_memory(struct device *dev, void *resource, void *match_data)
{
	return ((struct dma_memory *)resource)->address == match_data;
}

void *dmam_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		       unsigned long attrs)
{
	struct dma_memory *memory = devres_alloc(dma_release, sizeof(*memory), gfp);

	if (!memory)
		return NULL;
	memory->address = dma_alloc_attrs(dev, size, handle, gfp, attrs);
	if (!memory->address) {
		devres_free(memory);
		return NULL;
	}
	memory->size = size;
	memory->handle = *handle;
	memory->attrs = attrs;
	devres_add(dev, memory);
	return memory->address;
}

void dmam_free_coherent(struct device *dev, size_t size, void *address, dma_addr_t handle)
{
	dma_free_coherent(dev, size, address, handle);
	WARN_ON(devres_destroy(dev, dma_release, is_dma_memory, address));
}
