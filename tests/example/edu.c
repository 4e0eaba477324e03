// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver as one writes it for a kernel, to show how one is tested here: it is found through the
 * device tree, has its registers, its interrupt and its memory managed, a buffer for DMA, and an
 * interrupt handler that allocates with GFP_ATOMIC what a work item then takes care of.
 *
 * The parameter "bug" plants one mistake of those that drivers are known for.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000ed
#define EDU_DOORBELL 0x14
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_ACK 0x64
#define EDU_RING_BYTES 8192
#define EDU_LOG_BYTES 1000

struct edu_packet {
	struct list_head node;
	u32 status;
	u8 data[36];
};

struct edu {
	struct device *dev;
	void __iomem *registers;
	spinlock_t lock; /* packets */
	struct mutex configuration;
	struct list_head packets;
	struct work_struct work;
	unsigned int handled;
	char *log;
	void *ring;
	dma_addr_t ring_dma;
};

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "leak, sleep, gfp, overrun, use-after-free, double-free, unmap");

static bool has_bug(const char *name)
{
	return strcmp(bug, name) == 0;
}

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->registers + EDU_IRQ_STATUS);
	struct edu_packet *packet;

	if (!status)
		return IRQ_NONE;
	writel(status, edu->registers + EDU_IRQ_ACK);
	if (has_bug("sleep"))
		mutex_lock(&edu->configuration);
	packet = kmalloc(sizeof(*packet), has_bug("gfp") ? GFP_KERNEL : GFP_ATOMIC);
	if (!packet)
		return IRQ_HANDLED; /* dropped */
	packet->status = status;
	memset(packet->data, 0, sizeof(packet->data) + (has_bug("overrun") ? 12 : 0));
	spin_lock(&edu->lock);
	list_add_tail(&packet->node, &edu->packets);
	spin_unlock(&edu->lock);
	schedule_work(&edu->work);
	return IRQ_HANDLED;
}

static void edu_work(struct work_struct *work)
{
	struct edu *edu = container_of(work, struct edu, work);
	struct edu_packet *packet, *next;
	LIST_HEAD(packets);

	spin_lock_irq(&edu->lock);
	list_splice_init(&edu->packets, &packets);
	spin_unlock_irq(&edu->lock);
	list_for_each_entry_safe (packet, next, &packets, node) {
		edu->handled++;
		kfree(packet);
		if (has_bug("double-free"))
			kfree(packet);
		if (has_bug("use-after-free"))
			packet->data[10] = 1;
	}
}

static int edu_self_test(struct edu *edu)
{
	for (int packets = 0; packets < 2; packets++) {
		writel(1, edu->registers + EDU_DOORBELL);
		flush_work(&edu->work);
	}
	return 0;
}

static int edu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct edu *edu;
	int irq, ret;

	edu = devm_kzalloc(dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->dev = dev;
	spin_lock_init(&edu->lock);
	mutex_init(&edu->configuration);
	INIT_LIST_HEAD(&edu->packets);
	INIT_WORK(&edu->work, edu_work);
	platform_set_drvdata(pdev, edu);

	edu->registers = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(edu->registers))
		return PTR_ERR(edu->registers);
	if (readl(edu->registers + EDU_ID) != EDU_ID_VALUE)
		return -ENODEV;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(28));
	if (ret)
		return ret;
	edu->log = kzalloc(EDU_LOG_BYTES, GFP_KERNEL);
	if (!edu->log)
		return -ENOMEM;
	ret = -ENOMEM;
	edu->ring = dma_alloc_coherent(dev, EDU_RING_BYTES, &edu->ring_dma, GFP_KERNEL);
	if (!edu->ring && has_bug("leak"))
		return ret;
	if (!edu->ring)
		goto free_log;
	ret = devm_request_irq(dev, irq, edu_interrupt, IRQF_SHARED, "edu", edu);
	if (ret)
		goto free_ring;
	return edu_self_test(edu);

free_ring:
	dma_free_coherent(dev, EDU_RING_BYTES, edu->ring, edu->ring_dma);
free_log:
	kfree(edu->log);
	return ret;
}

static int edu_remove(struct platform_device *pdev)
{
	struct edu *edu = platform_get_drvdata(pdev);

	cancel_work_sync(&edu->work);
	if (!has_bug("unmap"))
		dma_free_coherent(edu->dev, EDU_RING_BYTES, edu->ring, edu->ring_dma);
	kfree(edu->log);
	return 0;
}

static const struct of_device_id edu_ids[] = {
	{ .compatible = "kmemrig,edu-like" },
	{},
};
MODULE_DEVICE_TABLE(of, edu_ids);

static struct platform_driver edu_driver = {
	.probe = edu_probe,
	.remove = edu_remove,
	.driver = { .name = "edu", .of_match_table = edu_ids },
};
module_platform_driver(edu_driver);

MODULE_DESCRIPTION("A driver for the emulated edu device");
MODULE_LICENSE("GPL");
