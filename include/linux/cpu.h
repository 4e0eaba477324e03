/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs that come and go: here they don't. A callback at setup is called for none. */
#ifndef _LINUX_CPU_H_RIG
#define _LINUX_CPU_H_RIG

#include <linux/cpuhotplug.h>
#include <linux/smp.h>

#define cpus_read_lock() ((void)0)
#define cpus_read_unlock() ((void)0)
#define get_online_cpus() cpus_read_lock()
#define put_online_cpus() cpus_read_unlock()

#endif
