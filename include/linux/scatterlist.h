/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of pieces of memory for a device: arrays of entries, which may be chained. The two lowest
 * bits of page_link say whether an entry is the last one or leads to another array.
 */
#ifndef _LINUX_SCATTERLIST_H_RIG
#define _LINUX_SCATTERLIST_H_RIG

#include <asm/io.h>
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>

struct scatterlist {
	unsigned long page_link;
	unsigned int offset; /* bytes */
	unsigned int length; /* bytes */
	dma_addr_t dma_address;
	unsigned int dma_length;
};

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;	 /* that a device sees: after mapping */
	unsigned int orig_nents; /* as allocated */
};

struct sg_append_table {
	struct sg_table sgt;
	struct scatterlist *prv; /* last entry filled */
	unsigned int total_nents;
};

#define SG_CHAIN 0x01UL
#define SG_END 0x02UL
#define SG_PAGE_LINK_MASK (SG_CHAIN | SG_END)
#define SG_CHUNK_SIZE 128
/* Entries of one page. */
#define SG_MAX_SINGLE_ALLOC (PAGE_SIZE / sizeof(struct scatterlist))

#define sg_dma_address(sg) ((sg)->dma_address)
#define sg_dma_len(sg) ((sg)->dma_length)

static inline unsigned int __sg_flags(struct scatterlist *sg)
{
	return (unsigned int)(sg->page_link & SG_PAGE_LINK_MASK);
}

#define sg_is_chain(sg) ((__sg_flags(sg) & SG_CHAIN) != 0)
#define sg_is_last(sg) ((__sg_flags(sg) & SG_END) != 0)
#define sg_chain_ptr(sg) ((struct scatterlist *)((sg)->page_link & ~SG_PAGE_LINK_MASK))

static inline struct page *sg_page(struct scatterlist *sg)
{
	return (struct page *)(sg->page_link & ~SG_PAGE_LINK_MASK);
}

static inline void sg_assign_page(struct scatterlist *sg, struct page *page)
{
	BUG_ON((unsigned long)page & SG_PAGE_LINK_MASK);
	sg->page_link = __sg_flags(sg) | (unsigned long)page;
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int length,
			       unsigned int offset)
{
	sg_assign_page(sg, page);
	sg->offset = offset;
	sg->length = length;
}

/* Memory of the direct map (kmalloc's); vmalloc memory is not contiguous. */
static inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int length)
{
	sg_set_page(sg, virt_to_page(buf), length, (unsigned int)offset_in_page(buf));
}

static inline void sg_mark_end(struct scatterlist *sg)
{
	sg->page_link = (sg->page_link | SG_END) & ~SG_CHAIN;
}

static inline void sg_unmark_end(struct scatterlist *sg)
{
	sg->page_link &= ~SG_END;
}

/* The last entry of @prv, of @prv_nents, leads to @sgl. */
static inline void __sg_chain(struct scatterlist *chain, struct scatterlist *sgl)
{
	chain->offset = 0;
	chain->length = 0;
	chain->page_link = ((unsigned long)sgl | SG_CHAIN) & ~SG_END;
}

static inline void sg_chain(struct scatterlist *prv, unsigned int prv_nents,
			    struct scatterlist *sgl)
{
	__sg_chain(&prv[prv_nents - 1], sgl);
}

static inline void sg_init_marker(struct scatterlist *sgl, unsigned int nents)
{
	sg_mark_end(&sgl[nents - 1]);
}

static inline phys_addr_t sg_phys(struct scatterlist *sg)
{
	return page_to_phys(sg_page(sg)) + sg->offset;
}

static inline void *sg_virt(struct scatterlist *sg)
{
	return (u8 *)page_address(sg_page(sg)) + sg->offset;
}

/* The next entry, across chains; NULL after the last. */
struct scatterlist *sg_next(struct scatterlist *sg);
struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents);
int sg_nents(struct scatterlist *sgl);
/* Entries that hold @len bytes; -EINVAL: there are not so many. */
int sg_nents_for_len(struct scatterlist *sgl, u64 len);
void sg_init_table(struct scatterlist *sgl, unsigned int nents);
void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int length);

typedef struct scatterlist *(sg_alloc_fn)(unsigned int nents, gfp_t gfp);
typedef void(sg_free_fn)(struct scatterlist *sgl, unsigned int nents);

void __sg_free_table(struct sg_table *table, unsigned int max_ents, unsigned int nents_first_chunk,
		     sg_free_fn *free_fn, unsigned int num_ents);
int __sg_alloc_table(struct sg_table *table, unsigned int nents, unsigned int max_ents,
		     struct scatterlist *first_chunk, unsigned int nents_first_chunk, gfp_t gfp,
		     sg_alloc_fn *alloc_fn);
/* Arrays of one page at most, chained. 0, or -ENOMEM with nothing left behind. */
int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp);
void sg_free_table(struct sg_table *table);
void sg_free_append_table(struct sg_append_table *table);
int sg_alloc_append_table_from_pages(struct sg_append_table *table, struct page **pages,
				     unsigned int nr_pages, unsigned int offset, unsigned long size,
				     unsigned int max_segment, unsigned int left_pages, gfp_t gfp);
/* Neighbouring pages share an entry, up to @max_segment bytes. */
int sg_alloc_table_from_pages_segment(struct sg_table *table, struct page **pages,
				      unsigned int nr_pages, unsigned int offset,
				      unsigned long size, unsigned int max_segment, gfp_t gfp);

static inline int sg_alloc_table_from_pages(struct sg_table *table, struct page **pages,
					    unsigned int nr_pages, unsigned int offset,
					    unsigned long size, gfp_t gfp)
{
	return sg_alloc_table_from_pages_segment(table, pages, nr_pages, offset, size, UINT_MAX,
						 gfp);
}

/* Bytes copied. */
size_t sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t size,
		      off_t skip, bool to_buffer);
size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf,
			   size_t size);
size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t size);
size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf,
			    size_t size, off_t skip);
size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t size,
			  off_t skip);
size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t size, off_t skip);

struct scatterlist *sgl_alloc_order(unsigned long long length, unsigned int order, bool chainable,
				    gfp_t gfp, unsigned int *nents);
struct scatterlist *sgl_alloc(unsigned long long length, gfp_t gfp, unsigned int *nents);
void sgl_free_n_order(struct scatterlist *sgl, int nents, int order);
void sgl_free_order(struct scatterlist *sgl, int order);
void sgl_free(struct scatterlist *sgl);

#define for_each_sg(sglist, sg, nr, i)                                                             \
	for ((i) = 0, (sg) = (sglist); (i) < (nr); (i)++, (sg) = sg_next(sg))
#define for_each_sgtable_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->orig_nents, i)
#define for_each_sgtable_dma_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->nents, i)

/* Page after page of a list. */
struct sg_page_iter {
	struct scatterlist *sg;
	unsigned int sg_pgoffset; /* pages into the entry */
	unsigned int __nents;
	int __pg_advance;
};

struct sg_dma_page_iter {
	struct sg_page_iter base;
};

bool __sg_page_iter_next(struct sg_page_iter *piter);
bool __sg_page_iter_dma_next(struct sg_dma_page_iter *dma_iter);
void __sg_page_iter_start(struct sg_page_iter *piter, struct scatterlist *sglist,
			  unsigned int nents, unsigned long pgoffset);

static inline struct page *sg_page_iter_page(struct sg_page_iter *piter)
{
	return sg_page(piter->sg) + piter->sg_pgoffset;
}

#define for_each_sg_page(sglist, piter, nents, pgoffset)                                           \
	for (__sg_page_iter_start((piter), (sglist), (nents), (pgoffset));                         \
	     __sg_page_iter_next(piter);)

/* Piece after piece of a list, mapped while one looks at it. */
#define SG_MITER_ATOMIC (1 << 0)
#define SG_MITER_TO_SG (1 << 1)
#define SG_MITER_FROM_SG (1 << 2)

struct sg_mapping_iter {
	struct page *page;
	void *addr;
	size_t length;	 /* bytes of this piece */
	size_t consumed; /* of them; may be lowered by the user */
	struct sg_page_iter piter;
	unsigned int __offset, __remaining;
	unsigned int __flags;
};

void sg_miter_start(struct sg_mapping_iter *miter, struct scatterlist *sgl, unsigned int nents,
		    unsigned int flags);
bool sg_miter_skip(struct sg_mapping_iter *miter, off_t offset);
bool sg_miter_next(struct sg_mapping_iter *miter);
void sg_miter_stop(struct sg_mapping_iter *miter);

#endif
