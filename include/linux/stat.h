/* SPDX-License-Identifier: GPL-2.0-only */
/* Permissions of files, as in sysfs and of module parameters; also the C library's. */
#ifndef _LINUX_STAT_H_RIG
#define _LINUX_STAT_H_RIG

#include_next <linux/stat.h>

#define S_IRWXUGO 0777
#define S_IRUGO 0444
#define S_IWUGO 0222
#define S_IXUGO 0111

#endif
