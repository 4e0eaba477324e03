/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of lib/maple_tree.c, which nobody listens to here. */
#ifndef TRACE_MAPLE_TREE_H_RIG
#define TRACE_MAPLE_TREE_H_RIG

#define trace_ma_op(...) ((void)0)
#define trace_ma_read(...) ((void)0)
#define trace_ma_write(...) ((void)0)

#endif
