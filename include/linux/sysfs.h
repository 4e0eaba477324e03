/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of devices as files. Nothing shows them: creating one succeeds, and code that reads
 * them calls the attribute's function itself.
 */
#ifndef _LINUX_SYSFS_H_RIG
#define _LINUX_SYSFS_H_RIG

#include <linux/stat.h>
#include <linux/types.h>

struct device;

struct attribute {
	const char *name;
	umode_t mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count);
};

#define RIG_ATTRIBUTE(file, bits, show_function, store_function)                                   \
	{                                                                                          \
		.attr = { .name = #file, .mode = (bits) }, .show = show_function,                  \
		.store = store_function                                                            \
	}
#define DEVICE_ATTR(name, mode, show, store)                                                       \
	struct device_attribute dev_attr_##name = RIG_ATTRIBUTE(name, mode, show, store)
#define DEVICE_ATTR_RO(name)                                                                       \
	struct device_attribute dev_attr_##name = RIG_ATTRIBUTE(name, 0444, name##_show, NULL)
#define DEVICE_ATTR_WO(name)                                                                       \
	struct device_attribute dev_attr_##name = RIG_ATTRIBUTE(name, 0200, NULL, name##_store)
#define DEVICE_ATTR_RW(name)                                                                       \
	struct device_attribute dev_attr_##name =                                                  \
		RIG_ATTRIBUTE(name, 0644, name##_show, name##_store)

static inline int device_create_file(struct device *dev, const struct device_attribute *attr)
{
	return 0;
}

static inline void device_remove_file(struct device *dev, const struct device_attribute *attr)
{
}

/* Into a page of text, and behind what is there already. Characters written. */
int sysfs_emit(char *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int sysfs_emit_at(char *buf, int at, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
