/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoint of drivers/base/devres.c, which nobody listens to here. */
#ifndef DRIVERS_BASE_TRACE_H_RIG
#define DRIVERS_BASE_TRACE_H_RIG

#define trace_devres_log(...) ((void)0)

#endif
