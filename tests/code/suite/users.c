// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of kernel code that has no tests of its own there: mm/dmapool.c, lib/genalloc.c,
 * lib/kfifo.c, lib/scatterlist.c, drivers/base/devres.c. Written as KUnit suites that take a failed
 * allocation well, so that `kmemrig fault` can fail each of them.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/genalloc.h>
#include <linux/kfifo.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define BLOCKS 40

static struct device *make_device(struct kunit *test)
{
	struct device *dev = root_device_register(test->name);

	if (IS_ERR(dev))
		return NULL;
	dev->coherent_dma_mask = DMA_BIT_MASK(32);
	return dev;
}

/* Blocks lie within pages, do not overlap, and keep what is in them. */
static void dmapool_hands_out_blocks(struct kunit *test)
{
	struct device *dev = make_device(test);
	struct dma_pool *pool;
	dma_addr_t at[BLOCKS];
	u8 *block[BLOCKS];

	if (!dev)
		return;
	pool = dma_pool_create("blocks", dev, 192, 64, 1024);
	for (int i = 0; pool && i < BLOCKS; i++) {
		block[i] = dma_pool_alloc(pool, i % 2 ? GFP_ATOMIC : GFP_KERNEL, &at[i]);
		if (!block[i])
			continue;
		KUNIT_EXPECT_EQ(test, at[i] % 64, 0ULL);
		KUNIT_EXPECT_EQ(test, at[i] / 1024, (at[i] + 191) / 1024);
		KUNIT_EXPECT_EQ(test, at[i], (dma_addr_t)virt_to_phys(block[i]));
		memset(block[i], i, 192);
	}
	for (int i = 0; pool && i < BLOCKS; i++) {
		if (!block[i])
			continue;
		KUNIT_EXPECT_NULL(test, memchr_inv(block[i], i, 192));
		dma_pool_free(pool, block[i], at[i]);
	}
	dma_pool_destroy(pool);
	device_unregister(dev);
}

static void managed_pool_goes_with_its_device(struct kunit *test)
{
	struct device *dev = make_device(test);

	if (!dev)
		return;
	dmam_pool_create("managed", dev, 32, 8, 0);
	device_unregister(dev);
}

/* Chunks of memory are cut up; all comes back. */
static void genalloc_cuts_up_chunks(struct kunit *test)
{
	struct gen_pool *pool = gen_pool_create(6, NUMA_NO_NODE);
	unsigned long piece[BLOCKS], base = 0x100000;
	bool filled;

	if (!pool)
		return;
	filled = gen_pool_add(pool, base, 4096, NUMA_NO_NODE) == 0;
	for (int i = 0; i < BLOCKS; i++) {
		piece[i] = filled ? gen_pool_alloc(pool, 100) : 0;
		if (!piece[i])
			continue;
		KUNIT_EXPECT_EQ(test, piece[i] % 64, 0UL);
		KUNIT_EXPECT_TRUE(test, piece[i] >= base && piece[i] + 100 <= base + 4096);
		for (int j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, piece[i], piece[j]);
	}
	if (filled)
		KUNIT_EXPECT_EQ(test, gen_pool_avail(pool), 0UL);
	for (int i = 0; i < BLOCKS; i++)
		if (piece[i])
			gen_pool_free(pool, piece[i], 100);
	if (filled)
		KUNIT_EXPECT_EQ(test, gen_pool_avail(pool), 4096UL);
	gen_pool_destroy(pool);
}

static void managed_genpool_goes_with_its_device(struct kunit *test)
{
	struct device *dev = make_device(test);

	if (!dev)
		return;
	devm_gen_pool_create(dev, 4, NUMA_NO_NODE, "managed");
	device_unregister(dev);
}

static void kfifo_keeps_order(struct kunit *test)
{
	DECLARE_KFIFO_PTR(fifo, int);
	int value, sum = 0;

	if (kfifo_alloc(&fifo, 60, GFP_KERNEL))
		return;
	KUNIT_EXPECT_EQ(test, kfifo_size(&fifo), 64U);
	for (int i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test, kfifo_put(&fifo, i), i < 64);
		sum += i < 64 ? i : 0;
	}
	for (int i = 0; kfifo_get(&fifo, &value); i++) {
		KUNIT_EXPECT_EQ(test, value, i);
		sum -= value;
	}
	KUNIT_EXPECT_EQ(test, sum, 0);
	kfifo_free(&fifo);
}

/* A table longer than one page of entries is chained. */
static void sg_tables_are_chained(struct kunit *test)
{
	const unsigned int nents = SG_MAX_SINGLE_ALLOC * 2 + 5;
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i;

	if (sg_alloc_table(&table, nents, GFP_KERNEL))
		return;
	KUNIT_EXPECT_EQ(test, (unsigned int)sg_nents(table.sgl), nents);
	i = 0;
	for (sg = table.sgl; sg; sg = sg_next(sg))
		i++;
	KUNIT_EXPECT_EQ(test, i, nents);
	sg_free_table(&table);
}

static void sg_lists_of_pages_carry_bytes(struct kunit *test)
{
	unsigned int nents, length = 5 * PAGE_SIZE + 100;
	struct scatterlist *sgl = sgl_alloc(length, GFP_KERNEL, &nents);
	u8 *in = kvmalloc(length, GFP_KERNEL), *out = kvzalloc(length, GFP_KERNEL);

	if (sgl && in && out) {
		for (unsigned int i = 0; i < length; i++)
			in[i] = (u8)(i * 13);
		KUNIT_EXPECT_EQ(test, sg_copy_from_buffer(sgl, nents, in, length), (size_t)length);
		KUNIT_EXPECT_EQ(test, sg_pcopy_to_buffer(sgl, nents, out, 300, 4000), (size_t)300);
		KUNIT_EXPECT_EQ(test, memcmp(out, in + 4000, 300), 0);
		KUNIT_EXPECT_EQ(test, sg_zero_buffer(sgl, nents, 10, 4090), (size_t)10);
		KUNIT_EXPECT_EQ(test, sg_copy_to_buffer(sgl, nents, out, length), (size_t)length);
		KUNIT_EXPECT_NULL(test, memchr_inv(out + 4090, 0, 10));
		KUNIT_EXPECT_EQ(test, memcmp(out + 4100, in + 4100, length - 4100), 0);
	}
	kvfree(out);
	kvfree(in);
	if (sgl)
		sgl_free(sgl);
}

/* Pages side by side share an entry. */
static void sg_tables_join_neighbours(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL, 3), *pages[8];
	struct sg_table table;

	if (!block)
		return;
	for (int i = 0; i < 8; i++)
		pages[i] = block + i;
	if (sg_alloc_table_from_pages(&table, pages, 8, 10, 8 * PAGE_SIZE - 20, GFP_KERNEL) == 0) {
		KUNIT_EXPECT_EQ(test, table.orig_nents, 1U);
		KUNIT_EXPECT_EQ(test, table.sgl->length, (unsigned int)(8 * PAGE_SIZE - 20));
		sg_free_table(&table);
	}
	__free_pages(block, 3);
}

static int ended;

static void count_end(void *data)
{
	ended += *(int *)data;
}

/* The device's resources, in groups, all gone with it. */
static void devres_ends_all(struct kunit *test)
{
	static int one = 1, ten = 10;
	struct device *dev = make_device(test);
	bool first, second;
	char *text;
	void *group;

	if (!dev)
		return;
	ended = 0;
	first = devm_add_action(dev, count_end, &one) == 0;
	group = devres_open_group(dev, NULL, GFP_KERNEL);
	second = devm_add_action(dev, count_end, &ten) == 0;
	text = devm_kasprintf(dev, GFP_KERNEL, "%s-%d", "text", 7);
	if (text)
		KUNIT_EXPECT_STREQ(test, text, "text-7");
	text = devm_krealloc(dev, text, 600, GFP_KERNEL);
	if (text)
		memset(text, 1, 600);
	if (group) {
		devres_close_group(dev, group);
		devres_release_group(dev, group);
		KUNIT_EXPECT_EQ(test, ended, second ? 10 : 0);
	}
	devm_kstrdup(dev, "kept", GFP_KERNEL);
	devm_get_free_pages(dev, GFP_KERNEL, 1);
	devm_alloc_percpu(dev, u64);
	device_unregister(dev);
	KUNIT_EXPECT_EQ(test, ended, (first ? 1 : 0) + (second ? 10 : 0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(dmapool_hands_out_blocks),
	KUNIT_CASE(managed_pool_goes_with_its_device),
	KUNIT_CASE(genalloc_cuts_up_chunks),
	KUNIT_CASE(managed_genpool_goes_with_its_device),
	KUNIT_CASE(kfifo_keeps_order),
	KUNIT_CASE(sg_tables_are_chained),
	KUNIT_CASE(sg_lists_of_pages_carry_bytes),
	KUNIT_CASE(sg_tables_join_neighbours),
	KUNIT_CASE(devres_ends_all),
	{},
};

static struct kunit_suite users = { .name = "users", .test_cases = cases };
kunit_test_suites(&users);
