/* SPDX-License-Identifier: GPL-2.0-only */
/* Node numbers: MAX_NUMNODES bounds them, NUMA_NO_NODE stands for any (linux/mmzone.h). */
#ifndef _LINUX_NUMA_H_RIG
#define _LINUX_NUMA_H_RIG

#include <linux/mmzone.h>

#endif
