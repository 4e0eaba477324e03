/* SPDX-License-Identifier: GPL-2.0-only */
/* See linux/of.h and linux/platform_device.h. */
#ifndef _LINUX_OF_ADDRESS_H_RIG
#define _LINUX_OF_ADDRESS_H_RIG

#include <linux/of.h>
#include <linux/platform_device.h>

#endif
