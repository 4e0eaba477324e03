/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for devices. There is no IOMMU: the address that a device uses is the physical one, and
 * memory that its mask does not reach is not mapped (there are no bounce buffers).
 *
 * All mappings are watched as the kernel's CONFIG_DMA_API_DEBUG does, and abuse is reported in its
 * words as misuse ("dma.*"): what is given back that was not mapped, with another size or
 * direction, twice; what is still mapped when the driver lets go of its device; a result that
 * dma_mapping_error() never looked at.
 */
#ifndef _LINUX_DMA_MAPPING_H_RIG
#define _LINUX_DMA_MAPPING_H_RIG

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

#define DMA_ATTR_WEAK_ORDERING (1UL << 1)
#define DMA_ATTR_WRITE_COMBINE (1UL << 2)
#define DMA_ATTR_NO_KERNEL_MAPPING (1UL << 4)
#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)
#define DMA_ATTR_FORCE_CONTIGUOUS (1UL << 6)
#define DMA_ATTR_NO_WARN (1UL << 8)

/* How many address bits the device has. 0; -EIO: it does no DMA, or the mask reaches no memory. */
int dma_set_mask(struct device *dev, u64 mask);
int dma_set_coherent_mask(struct device *dev, u64 mask);

static inline int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	int code = dma_set_mask(dev, mask);

	if (code == 0)
		dma_set_coherent_mask(dev, mask);
	return code;
}

static inline int dma_coerce_mask_and_coherent(struct device *dev, u64 mask)
{
	dev->dma_mask = &dev->coherent_dma_mask;
	return dma_set_mask_and_coherent(dev, mask);
}

static inline u64 dma_get_mask(struct device *dev)
{
	return dev->dma_mask && *dev->dma_mask ? *dev->dma_mask : DMA_BIT_MASK(32);
}

/* Bits that reach all of the machine's memory. */
u64 dma_get_required_mask(struct device *dev);

/*
 * Zeroed pages that CPU and device both use, from a zone that the coherent mask reaches; zone
 * flags in @gfp don't count. The device's address goes into @handle. NULL: no memory. Freeing is
 * for contexts with interrupts on.
 */
void *dma_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs);
void dma_free_attrs(struct device *dev, size_t size, void *address, dma_addr_t handle,
		    unsigned long attrs);
/* Given back with the device's driver. */
void *dmam_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		       unsigned long attrs);
void dmam_free_coherent(struct device *dev, size_t size, void *address, dma_addr_t handle);

#define dma_alloc_coherent(dev, size, handle, gfp) dma_alloc_attrs(dev, size, handle, gfp, 0)
#define dma_free_coherent(dev, size, address, handle) dma_free_attrs(dev, size, address, handle, 0)
#define dma_alloc_wc(dev, size, handle, gfp)                                                       \
	dma_alloc_attrs(dev, size, handle, gfp, DMA_ATTR_WRITE_COMBINE)
#define dma_free_wc(dev, size, address, handle)                                                    \
	dma_free_attrs(dev, size, address, handle, DMA_ATTR_WRITE_COMBINE)
#define dmam_alloc_coherent(dev, size, handle, gfp) dmam_alloc_attrs(dev, size, handle, gfp, 0)
#define dma_zalloc_coherent(dev, size, handle, gfp) dma_alloc_coherent(dev, size, handle, gfp)

/*
 * The device's address of memory that it is to use for a while; check it with
 * dma_mapping_error(). Only memory of the direct map (kmalloc, pages): not vmalloc's, not the
 * stack's. Any context.
 */
dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction direction, unsigned long attrs);
dma_addr_t dma_map_single_attrs(struct device *dev, void *address, size_t size,
				enum dma_data_direction direction, unsigned long attrs);
void dma_unmap_page_attrs(struct device *dev, dma_addr_t at, size_t size,
			  enum dma_data_direction direction, unsigned long attrs);
void dma_unmap_single_attrs(struct device *dev, dma_addr_t at, size_t size,
			    enum dma_data_direction direction, unsigned long attrs);
/* Not 0: that is no address. */
int dma_mapping_error(struct device *dev, dma_addr_t at);
/* Entries mapped: @nents, or 0: one could not be, and none is. */
unsigned int dma_map_sg_attrs(struct device *dev, struct scatterlist *sgl, int nents,
			      enum dma_data_direction direction, unsigned long attrs);
void dma_unmap_sg_attrs(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction direction, unsigned long attrs);
/* 0, -EIO. */
int dma_map_sgtable(struct device *dev, struct sg_table *table, enum dma_data_direction direction,
		    unsigned long attrs);
void dma_unmap_sgtable(struct device *dev, struct sg_table *table,
		       enum dma_data_direction direction, unsigned long attrs);

#define dma_map_single(dev, address, size, direction)                                              \
	dma_map_single_attrs(dev, address, size, direction, 0)
#define dma_unmap_single(dev, at, size, direction)                                                 \
	dma_unmap_single_attrs(dev, at, size, direction, 0)
#define dma_map_page(dev, page, offset, size, direction)                                           \
	dma_map_page_attrs(dev, page, offset, size, direction, 0)
#define dma_unmap_page(dev, at, size, direction) dma_unmap_page_attrs(dev, at, size, direction, 0)
#define dma_map_sg(dev, sgl, nents, direction) dma_map_sg_attrs(dev, sgl, nents, direction, 0)
#define dma_unmap_sg(dev, sgl, nents, direction) dma_unmap_sg_attrs(dev, sgl, nents, direction, 0)

/* Memory and device see the same at all times; but what is synced has to be mapped. */
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t at, size_t size,
			     enum dma_data_direction direction);
void dma_sync_single_for_device(struct device *dev, dma_addr_t at, size_t size,
				enum dma_data_direction direction);
#define dma_sync_single_range_for_cpu(dev, at, offset, size, direction)                            \
	dma_sync_single_for_cpu(dev, (at) + (offset), size, direction)
#define dma_sync_single_range_for_device(dev, at, offset, size, direction)                         \
	dma_sync_single_for_device(dev, (at) + (offset), size, direction)
#define dma_sync_sg_for_cpu(dev, sgl, nents, direction) ((void)(dev), (void)(sgl))
#define dma_sync_sg_for_device(dev, sgl, nents, direction) ((void)(dev), (void)(sgl))

#define DEFINE_DMA_UNMAP_ADDR(name) dma_addr_t name
#define DEFINE_DMA_UNMAP_LEN(name) __u32 name
#define dma_unmap_addr(ptr, name) ((ptr)->name)
#define dma_unmap_addr_set(ptr, name, value) ((ptr)->name = (value))
#define dma_unmap_len(ptr, name) ((ptr)->name)
#define dma_unmap_len_set(ptr, name, value) ((ptr)->name = (value))

static inline unsigned int dma_get_max_seg_size(struct device *dev)
{
	return dev->dma_parms && dev->dma_parms->max_segment_size ? dev->dma_parms->max_segment_size
								  : SZ_64K;
}

static inline int dma_set_max_seg_size(struct device *dev, unsigned int size)
{
	if (!dev->dma_parms)
		return -EIO;
	dev->dma_parms->max_segment_size = size;
	return 0;
}

#define dma_max_mapping_size(dev) ((void)(dev), SIZE_MAX)
#define dma_get_cache_alignment() 1

#endif
