/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices and drivers: what binds them, what a driver logs, and managed resources, which are given
 * back in the opposite order when the driver lets go of its device or its probe fails.
 *
 * Resources live in kmalloc memory, so they fail and leak as other memory does. Those of a device
 * are still there after its driver's remove() has returned; see the devm_ functions.
 */
#ifndef _LINUX_DEVICE_H_RIG
#define _LINUX_DEVICE_H_RIG

#include <kmemrig/dma.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mod_devicetable.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>

struct device;
struct device_node;

struct dev_pm_ops {
	int (*suspend)(struct device *dev);
	int (*resume)(struct device *dev);
};

struct device_driver {
	const char *name;
	struct module *owner;
	const struct of_device_id *of_match_table;
	const struct dev_pm_ops *pm;
	bool suppress_bind_attrs;
	int probe_type;
};
enum probe_type { PROBE_DEFAULT_STRATEGY, PROBE_PREFER_ASYNCHRONOUS, PROBE_FORCE_SYNCHRONOUS };

struct device_dma_parameters {
	unsigned int max_segment_size; /* bytes */
	unsigned long segment_boundary_mask;
};

struct device {
	struct device *parent;
	const char *init_name;
	char name[48];
	struct device_node *of_node;
	struct device_driver *driver; /* NULL: none is bound */
	void *platform_data;
	void *driver_data;
	u64 *dma_mask; /* NULL: it does no DMA */
	u64 coherent_dma_mask;
	struct device_dma_parameters *dma_parms;
	struct rig_dma_mappings dma_mappings; /* that are not given back yet */
	struct list_head dma_pools;
	spinlock_t devres_lock;
	struct list_head devres_head;
	struct mutex mutex;
	int numa_node;
	u32 id;
	void (*release)(struct device *dev);
};

/* What code that makes its own devices has to do before anything else. */
void device_initialize(struct device *dev);

/* A device that has nothing but a name, for others to belong to. ERR_PTR(-ENOMEM). */
struct device *root_device_register(const char *name);
/* Its managed resources go, then itself. */
void device_unregister(struct device *dev);
#define root_device_unregister(dev) device_unregister(dev)

static inline const char *dev_name(const struct device *dev)
{
	return dev->init_name ? dev->init_name : dev->name;
}

int dev_set_name(struct device *dev, const char *format, ...) __printf(2, 3);

static inline const char *dev_driver_string(const struct device *dev)
{
	return dev->driver ? dev->driver->name : "";
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

static inline void *dev_get_platdata(const struct device *dev)
{
	return dev->platform_data;
}

static inline int dev_to_node(struct device *dev)
{
	return dev->numa_node;
}

static inline void set_dev_node(struct device *dev, int node)
{
	dev->numa_node = node;
}

#define device_lock(dev) mutex_lock(&(dev)->mutex)
#define device_unlock(dev) mutex_unlock(&(dev)->mutex)
#define get_device(dev) (dev)
#define put_device(dev) ((void)(dev))
#define dev_of_node(dev) ((dev)->of_node)

/* The log, with the driver's and the device's names in front. */
#define dev_printk(level, dev, format, ...)                                                        \
	printk(level "%s %s: " format, dev_driver_string(dev), dev_name(dev), ##__VA_ARGS__)
#define dev_emerg(dev, format, ...) dev_printk(KERN_EMERG, dev, format, ##__VA_ARGS__)
#define dev_crit(dev, format, ...) dev_printk(KERN_CRIT, dev, format, ##__VA_ARGS__)
#define dev_alert(dev, format, ...) dev_printk(KERN_ALERT, dev, format, ##__VA_ARGS__)
#define dev_err(dev, format, ...) dev_printk(KERN_ERR, dev, format, ##__VA_ARGS__)
#define dev_warn(dev, format, ...) dev_printk(KERN_WARNING, dev, format, ##__VA_ARGS__)
#define dev_notice(dev, format, ...) dev_printk(KERN_NOTICE, dev, format, ##__VA_ARGS__)
#define dev_info(dev, format, ...) dev_printk(KERN_INFO, dev, format, ##__VA_ARGS__)
#define dev_dbg(dev, format, ...)                                                                  \
	do {                                                                                       \
		if (0)                                                                             \
			dev_printk(KERN_DEBUG, dev, format, ##__VA_ARGS__);                        \
	} while (0)
#define dev_vdbg(dev, format, ...) dev_dbg(dev, format, ##__VA_ARGS__)
#define RIG_DEV_ONCE(print, dev, format, ...)                                                      \
	do {                                                                                       \
		static bool _dev_printed;                                                          \
		if (!__atomic_exchange_n(&_dev_printed, true, __ATOMIC_RELAXED))                   \
			print(dev, format, ##__VA_ARGS__);                                         \
	} while (0)
#define dev_err_once(dev, format, ...) RIG_DEV_ONCE(dev_err, dev, format, ##__VA_ARGS__)
#define dev_warn_once(dev, format, ...) RIG_DEV_ONCE(dev_warn, dev, format, ##__VA_ARGS__)
#define dev_info_once(dev, format, ...) RIG_DEV_ONCE(dev_info, dev, format, ##__VA_ARGS__)
#define RIG_DEV_RATELIMITED(print, dev, format, ...)                                               \
	do {                                                                                       \
		static DEFINE_RATELIMIT_STATE(_dev_rs, DEFAULT_RATELIMIT_INTERVAL,                 \
					      DEFAULT_RATELIMIT_BURST);                            \
		if (__ratelimit(&_dev_rs))                                                         \
			print(dev, format, ##__VA_ARGS__);                                         \
	} while (0)
#define dev_err_ratelimited(dev, format, ...)                                                      \
	RIG_DEV_RATELIMITED(dev_err, dev, format, ##__VA_ARGS__)
#define dev_warn_ratelimited(dev, format, ...)                                                     \
	RIG_DEV_RATELIMITED(dev_warn, dev, format, ##__VA_ARGS__)
#define dev_dbg_ratelimited(dev, format, ...) dev_dbg(dev, format, ##__VA_ARGS__)
#define dev_WARN(dev, format, ...)                                                                 \
	((void)WARN(1, "%s %s: " format, dev_driver_string(dev), dev_name(dev), ##__VA_ARGS__))
#define dev_WARN_ONCE(dev, condition, format, ...)                                                 \
	WARN_ONCE(condition, "%s %s: " format, dev_driver_string(dev), dev_name(dev), ##__VA_ARGS__)
/* @error, for `return dev_err_probe(...)`; -EPROBE_DEFER is no error, and not logged. */
int dev_err_probe(const struct device *dev, int error, const char *format, ...) __printf(3, 4);

/* --- managed resources */

typedef void (*dr_release_t)(struct device *dev, void *resource);
typedef int (*dr_match_t)(struct device *dev, void *resource, void *match_data);

/* Memory of @size zeroed bytes for a resource that @release ends. NULL: none. */
void *__devres_alloc_node(dr_release_t release, size_t size, gfp_t gfp, int nid, const char *name);
#define devres_alloc(release, size, gfp)                                                           \
	__devres_alloc_node(release, size, gfp, NUMA_NO_NODE, #release)
#define devres_alloc_node(release, size, gfp, nid)                                                 \
	__devres_alloc_node(release, size, gfp, nid, #release)
/* Not added, or taken away again. NULL is allowed. */
void devres_free(void *resource);
void devres_add(struct device *dev, void *resource);
/* The newest of that kind for which @match (NULL: any) is not 0; NULL: none. */
void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
void *devres_get(struct device *dev, void *new_resource, dr_match_t match, void *match_data);
void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
void devres_for_each_res(struct device *dev, dr_release_t release, dr_match_t match,
			 void *match_data, void (*fn)(struct device *, void *, void *), void *data);
/* Takes it away and frees it / releases it first. 0, -ENOENT. */
int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
/* All, newest first. Returns how many, or -ENODEV: the device was not initialised. */
int devres_release_all(struct device *dev);

/* Groups: what is added between open and close is released together. */
void *__must_check devres_open_group(struct device *dev, void *id, gfp_t gfp);
void devres_close_group(struct device *dev, void *id);
void devres_remove_group(struct device *dev, void *id);
int devres_release_group(struct device *dev, void *id);

/* Memory as of the functions without devm_. Freeing what is not there is warned of. */
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp) __attribute__((alloc_size(2)));
void *__must_check devm_krealloc(struct device *dev, void *memory, size_t size, gfp_t gfp);
void devm_kfree(struct device *dev, const void *memory);
char *devm_kstrdup(struct device *dev, const char *text, gfp_t gfp);
const char *devm_kstrdup_const(struct device *dev, const char *text, gfp_t gfp);
void *devm_kmemdup(struct device *dev, const void *source, size_t size, gfp_t gfp);
char *devm_kvasprintf(struct device *dev, gfp_t gfp, const char *format, va_list args)
	__printf(3, 0);
char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *format, ...) __printf(3, 4);
unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order);
void devm_free_pages(struct device *dev, unsigned long address);
void __percpu *__devm_alloc_percpu(struct device *dev, size_t size, size_t align);
void devm_free_percpu(struct device *dev, void __percpu *memory);
#define devm_alloc_percpu(dev, type)                                                               \
	((__typeof__(type) __percpu *)__devm_alloc_percpu(dev, sizeof(type), __alignof__(type)))

static inline void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp)
{
	return devm_kmalloc(dev, size, gfp | __GFP_ZERO);
}

static inline void *devm_kmalloc_array(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	return devm_kmalloc(dev, size_mul(n, size), gfp);
}

static inline void *devm_kcalloc(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	return devm_kmalloc_array(dev, n, size, gfp | __GFP_ZERO);
}

/* @action(@data) at the end. 0, -ENOMEM (devm_add_action_or_reset: it has been called then). */
int devm_add_action(struct device *dev, void (*action)(void *data), void *data);
void devm_remove_action(struct device *dev, void (*action)(void *data), void *data);
void devm_release_action(struct device *dev, void (*action)(void *data), void *data);

static inline int devm_add_action_or_reset(struct device *dev, void (*action)(void *data),
					   void *data)
{
	int code = devm_add_action(dev, action, data);

	if (code)
		action(data);
	return code;
}

/* NULL, or (of the functions with a resource) ERR_PTR: -EINVAL, -EBUSY, -ENOMEM. */
void __iomem *devm_ioremap(struct device *dev, resource_size_t base, resource_size_t size);
#define devm_ioremap_uc(dev, base, size) devm_ioremap(dev, base, size)
#define devm_ioremap_wc(dev, base, size) devm_ioremap(dev, base, size)
void devm_iounmap(struct device *dev, void __iomem *address);
/* Claims the registers and maps them. */
void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *resource);
struct resource *devm_request_mem_region(struct device *dev, resource_size_t start,
					 resource_size_t size, const char *name);

#endif
