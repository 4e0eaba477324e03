/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that may sleep say so: see kmemrig/context.h for what is reported. */
#ifndef _LINUX_MIGHT_SLEEP_H_RIG
#define _LINUX_MIGHT_SLEEP_H_RIG

#include <kmemrig/context.h>

#define might_sleep() rig_might_sleep(rig_this_cpu(), __FILE__, __LINE__)
#define might_sleep_if(condition)                                                                  \
	do {                                                                                       \
		if (condition)                                                                     \
			might_sleep();                                                             \
	} while (0)
#define might_resched() might_sleep()
#define might_fault() might_sleep()
#define cant_sleep() ((void)0)

#endif
