/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an input finds, by name: runs in a child process, whose report is read. And shrinking: the
 * fewest ops that still find the same.
 */
#ifndef RIG_FUZZ_TRIAGE_H
#define RIG_FUZZ_TRIAGE_H

#include "plan.h"

#define FUZZ_NAME_SIZE 96

struct fuzz_finding {
	char name[FUZZ_NAME_SIZE]; /* of the check, or "asan.KIND", "ubsan", "signal.N", "hang" */
	char *report;		   /* what the child wrote to stderr; the caller's to free */
};

/* Runs a whole input. True: it finds something, and @finding says what. */
bool fuzz_triage_input(const u8 *data, size_t size, struct fuzz_finding *finding);

/* Longest input of chance. */
#define FUZZ_MAX_CHANCE_INPUT 4096

/* Writes the @i'th input of chance of a seed into @data; returns its size. */
typedef size_t fuzz_make_input(u8 *data, u64 seed, u64 i);

/*
 * Runs inputs of chance in one child process until one finds something or @now says @end. *@inputs
 * gets how many ran, that one included.
 */
bool fuzz_triage_hunt(fuzz_make_input *make, u64 seed, u64 end, u64 (*now)(void), u64 *inputs,
		      struct fuzz_finding *finding);

/* Runs ops on the plan's machine. */
bool fuzz_triage_ops(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr,
		     struct fuzz_finding *finding);

/*
 * Takes ops away as long as the rest finds the same @name, and makes numbers small. Returns the
 * number of ops left; progress goes to stderr.
 */
size_t fuzz_shrink(const struct fuzz_plan *plan, struct rig_op *ops, size_t nr, const char *name);

/* The ops as a script for `kmemrig run`, with the machine in its comments. */
void fuzz_print_script(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr);

#endif
