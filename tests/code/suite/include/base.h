/* SPDX-License-Identifier: GPL-2.0-only */
/* For drivers/base/devres.c: what it wants of the driver core's private header is public here. */
#ifndef DRIVERS_BASE_H_RIG
#define DRIVERS_BASE_H_RIG

#include <linux/device.h>

#endif
