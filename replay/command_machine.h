/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine that a subcommand works on, from its --state or --machine. */
#ifndef RIG_COMMAND_MACHINE_H
#define RIG_COMMAND_MACHINE_H

#include <kmemrig/state.h>

#include "trace_log.h"

#define RIG_COMMAND_ERROR 512

struct rig_machine_source {
	const char *state_path;		 /* a state's file or a folder of /proc files, or NULL */
	const struct rig_trace_log *log; /* that goes with it, where it is a folder; or NULL */
	const u8 *taken;		 /* bits, by page frame: in use, whatever the state says */
	unsigned long nr_taken_bits;
	const char *machine;	  /* a device tree's file, a shipped machine's name, or NULL */
	const char *backend;	  /* slab backend, or NULL */
	const char *page_backend; /* or NULL */
	u64 memory;		  /* bytes, where neither says; 0: 256 MiB */
	bool more;		  /* memory is what the state's machine has beside its own */
	int nr_cpus;		  /* where neither says; 0: 1 */
	int check_tier;
	bool objects;		  /* the state's slabs too */
	bool fresh;		  /* of a state its memory and CPUs only: the machine boots */
	const char *command_line; /* kernel parameters, or NULL */
};

/*
 * Builds it. @state gets the state that was read (NULL without one); the caller frees both. NULL:
 * @error (RIG_COMMAND_ERROR bytes).
 */
struct rig_machine *rig_machine_from(const struct rig_machine_source *source,
				     struct rig_state **state, char *error);

#endif
