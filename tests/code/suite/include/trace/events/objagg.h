/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of lib/objagg.c, which nobody listens to here. */
#ifndef TRACE_OBJAGG_H_RIG
#define TRACE_OBJAGG_H_RIG

#define trace_objagg_create(...) ((void)0)
#define trace_objagg_destroy(...) ((void)0)
#define trace_objagg_obj_create(...) ((void)0)
#define trace_objagg_obj_destroy(...) ((void)0)
#define trace_objagg_obj_get(...) ((void)0)
#define trace_objagg_obj_put(...) ((void)0)
#define trace_objagg_obj_parent_assign(...) ((void)0)
#define trace_objagg_obj_parent_unassign(...) ((void)0)
#define trace_objagg_obj_root_create(...) ((void)0)
#define trace_objagg_obj_root_destroy(...) ((void)0)

#endif
