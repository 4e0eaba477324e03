/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How LTTng's kernel tracer (lttng-modules 2.13 on Linux 6.1) names the kernel's events and their
 * fields, and which types it gives them.
 */
#ifndef RIG_BT_LTTNG_LAYOUT_H
#define RIG_BT_LTTNG_LAYOUT_H

#include <linux/types.h>

enum rig_lttng_type {
	RIG_LTTNG_UNSIGNED,
	RIG_LTTNG_HEX,
	RIG_LTTNG_SIGNED,
	RIG_LTTNG_STRING,
};

struct rig_lttng_field {
	const char *name;
	const char *kernel_name; /* NULL: the same */
	enum rig_lttng_type type;
	u8 bits;
	s8 add; /* to the kernel's value: LTTng's prio counts from MAX_RT_PRIO */
};

struct rig_lttng_event {
	const char *kernel_name; /* "kmem:kmalloc" */
	const char *name;	 /* "kmem_kmalloc" */
	/* ends with a NULL name; NULL: the kernel's, unchanged */
	const struct rig_lttng_field *fields;
};

/* By either name; NULL: LTTng has no such event. */
const struct rig_lttng_event *rig_lttng_event(const char *name);

/* sched_switch */
extern const struct rig_lttng_field rig_lttng_switch_fields[];

#endif
