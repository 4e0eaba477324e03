/* SPDX-License-Identifier: GPL-2.0-only */
/* States that a CPU passes on its way up and down: no CPU of a machine does. */
#ifndef _LINUX_CPUHOTPLUG_H_RIG
#define _LINUX_CPUHOTPLUG_H_RIG

#include <linux/types.h>

enum cpuhp_state { CPUHP_INVALID = -1, CPUHP_OFFLINE, CPUHP_RADIX_DEAD, CPUHP_AP_ONLINE_DYN };

/* 0: noted. */
static inline int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name,
					    int (*startup)(unsigned int cpu),
					    int (*teardown)(unsigned int cpu))
{
	return 0;
}

#define cpuhp_setup_state(state, name, startup, teardown)                                          \
	cpuhp_setup_state_nocalls(state, name, startup, teardown)
#define cpuhp_remove_state(state) ((void)(state))
#define cpuhp_remove_state_nocalls(state) ((void)(state))

#endif
