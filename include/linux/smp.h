/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPU one is on. */
#ifndef _LINUX_SMP_H_RIG
#define _LINUX_SMP_H_RIG

#include <linux/cpumask.h>
#include <linux/preempt.h>

#define get_cpu()                                                                                  \
	({                                                                                         \
		preempt_disable();                                                                 \
		smp_processor_id();                                                                \
	})
#define put_cpu() preempt_enable()

#endif
