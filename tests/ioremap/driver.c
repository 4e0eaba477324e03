// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the edu-like device, written as kernel code: it includes linux/ only, and could be
 * built there with a PCI wrapper around probe.
 *
 * Its interrupt handler allocates a packet for each doorbell with GFP_ATOMIC, from a cache and,
 * when that has none, from a mempool; a tasklet counts them, a work item frees what the driver
 * keeps.
 */
#include "driver.h"

#include <errno.h>

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#define PACKET_BYTES 1500
#define PACKETS_IN_RESERVE 4
#define DMA_BYTES 512
#define LOG_BYTES (64 * 1024)
#define MAX_BLOCKS 64

struct packet {
	struct list_head node;
	u32 status;
	u8 data[PACKET_BYTES];
};

struct edu_driver {
	u8 __iomem *registers;
	unsigned int irq;
	spinlock_t lock; /* packets, stats */
	struct list_head packets;
	unsigned int queued; /* on it */
	struct kmem_cache *cache;
	mempool_t *reserve;
	void *dma_buffer;
	char *log;
	struct tasklet_struct tasklet;
	struct work_struct free_work;
	struct edu_driver_stats stats;
};

static irqreturn_t edu_interrupt(int irq, void *dev_id)
{
	struct edu_driver *edu = dev_id;
	u32 status = readl(edu->registers + RIG_EDU_IRQ_STATUS);
	struct packet *packet;

	if (!status)
		return IRQ_NONE;
	writel(status, edu->registers + RIG_EDU_IRQ_ACK);
	packet = kmem_cache_alloc(edu->cache, GFP_ATOMIC | __GFP_NOWARN);
	spin_lock(&edu->lock);
	edu->stats.interrupts++;
	if (!packet) {
		packet = mempool_alloc(edu->reserve, GFP_ATOMIC);
		edu->stats.from_reserve += packet != NULL;
	}
	if (packet) {
		packet->status = status;
		list_add_tail(&packet->node, &edu->packets);
		edu->queued++;
		tasklet_schedule(&edu->tasklet);
	} else {
		edu->stats.dropped++;
	}
	spin_unlock(&edu->lock);
	return IRQ_HANDLED;
}

static void edu_tasklet(struct tasklet_struct *tasklet)
{
	struct edu_driver *edu = from_tasklet(edu, tasklet, tasklet);

	spin_lock(&edu->lock);
	edu->stats.packets = edu->queued;
	spin_unlock(&edu->lock);
}

static void edu_free_work(struct work_struct *work)
{
	struct edu_driver *edu = container_of(work, struct edu_driver, free_work);
	LIST_HEAD(packets);

	spin_lock_irq(&edu->lock);
	while (!list_empty(&edu->packets)) {
		struct list_head *node = edu->packets.next;

		list_del(node);
		list_add_tail(node, &packets);
	}
	edu->queued = 0;
	spin_unlock_irq(&edu->lock);
	while (!list_empty(&packets)) {
		struct packet *packet = container_of(packets.next, struct packet, node);

		list_del(&packet->node);
		/* The reserve takes what it lacks, the cache the rest. */
		mempool_free(packet, edu->reserve);
	}
}

static int edu_identify(const struct edu_driver *edu)
{
	if (readl(edu->registers + RIG_EDU_ID) != RIG_EDU_ID_VALUE)
		return -ENODEV;
	writel(0xdeadbeef, edu->registers + RIG_EDU_LIVENESS);
	return readl(edu->registers + RIG_EDU_LIVENESS) == ~0xdeadbeefu ? 0 : -ENODEV;
}

/* Memory for the driver; what it got before it ran out is given back by edu_free_memory. */
static int edu_alloc_memory(struct edu_driver *edu)
{
	edu->cache = kmem_cache_create("edu_packet", sizeof(struct packet), 0, 0, NULL);
	if (!edu->cache)
		return -ENOMEM;
	edu->reserve = mempool_create_slab_pool(PACKETS_IN_RESERVE, edu->cache);
	if (!edu->reserve)
		return -ENOMEM;
	edu->dma_buffer = kmalloc(DMA_BYTES * 2, GFP_KERNEL | GFP_DMA);
	edu->log = vzalloc(LOG_BYTES);
	return edu->dma_buffer && edu->log ? 0 : -ENOMEM;
}

static void edu_free_memory(struct edu_driver *edu)
{
	vfree(edu->log);
	kfree(edu->dma_buffer);
	mempool_destroy(edu->reserve);
	kmem_cache_destroy(edu->cache);
}

int edu_probe(phys_addr_t base, unsigned int irq, struct edu_driver **result)
{
	struct edu_driver *edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	int code = -ENOMEM;

	if (!edu)
		return -ENOMEM;
	spin_lock_init(&edu->lock);
	INIT_LIST_HEAD(&edu->packets);
	tasklet_setup(&edu->tasklet, edu_tasklet);
	INIT_WORK(&edu->free_work, edu_free_work);
	edu->irq = irq;
	edu->registers = ioremap(base, RIG_EDU_SIZE);
	if (!edu->registers)
		goto free_driver;
	code = edu_identify(edu);
	if (code)
		goto unmap;
	code = edu_alloc_memory(edu);
	if (code)
		goto free_memory;
	code = request_irq(irq, edu_interrupt, IRQF_SHARED, "edu", edu);
	if (code)
		goto free_memory;
	*result = edu;
	return 0;

free_memory:
	edu_free_memory(edu);
unmap:
	iounmap(edu->registers);
free_driver:
	kfree(edu);
	return code;
}

void edu_remove(struct edu_driver *edu)
{
	free_irq(edu->irq, edu);
	tasklet_kill(&edu->tasklet);
	edu_flush(edu);
	edu_free_memory(edu);
	iounmap(edu->registers);
	kfree(edu);
}

void edu_receive(struct edu_driver *edu, unsigned int packets)
{
	for (unsigned int i = 1; i <= packets; i++)
		writel(i, edu->registers + RIG_EDU_DOORBELL);
}

void edu_flush(struct edu_driver *edu)
{
	schedule_work(&edu->free_work);
	flush_work(&edu->free_work);
}

void edu_stress_high_order(struct edu_driver *edu, unsigned int order, unsigned int blocks)
{
	struct page *block[MAX_BLOCKS];

	blocks = min(blocks, (unsigned int)MAX_BLOCKS);
	for (unsigned int i = 0; i < blocks; i++) {
		block[i] =
			alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY, order);
		if (block[i])
			edu->stats.high_order++;
		else
			edu->stats.high_order_not++;
	}
	for (unsigned int i = 0; i < blocks; i++)
		if (block[i])
			__free_pages(block[i], order);
}

static void edu_transfer(struct edu_driver *edu, dma_addr_t source, dma_addr_t target, u64 command)
{
	writeq(source, edu->registers + RIG_EDU_DMA_SOURCE);
	writeq(target, edu->registers + RIG_EDU_DMA_TARGET);
	writeq(DMA_BYTES, edu->registers + RIG_EDU_DMA_COUNT);
	writeq(command | RIG_EDU_DMA_START, edu->registers + RIG_EDU_DMA_COMMAND);
	while (readl(edu->registers + RIG_EDU_DMA_COMMAND) & RIG_EDU_DMA_START)
		udelay(1);
}

int edu_loopback(struct edu_driver *edu)
{
	u8 *out = edu->dma_buffer, *back = out + DMA_BYTES;

	for (unsigned int i = 0; i < DMA_BYTES; i++) {
		out[i] = (u8)(i * 7);
		back[i] = 0;
	}
	edu_transfer(edu, virt_to_phys(out), RIG_EDU_BUFFER, 0);
	edu_transfer(edu, RIG_EDU_BUFFER, virt_to_phys(back), RIG_EDU_DMA_TO_MEMORY);
	for (unsigned int i = 0; i < DMA_BYTES; i++)
		if (out[i] != back[i])
			return -EIO;
	return 0;
}

const struct edu_driver_stats *edu_stats(const struct edu_driver *edu)
{
	return &edu->stats;
}
