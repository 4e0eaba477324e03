/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a stream of ops on a machine of its own, under the checks. A finding prints its check's
 * name ("check: NAME" or "broken invariant: NAME: ...") and aborts, which is what libFuzzer and
 * AFL++ look for.
 */
#ifndef RIG_FUZZ_RUN_H
#define RIG_FUZZ_RUN_H

#include "plan.h"

/* What somebody wants to see of a run; members may be NULL. */
struct fuzz_watch {
	/* After each op. */
	void (*op)(void *data, const struct rig_op *op, const struct rig_op_result *result);
	/* The machine booted; nothing ran yet. */
	void (*start)(void *data, struct rig_machine *machine);
	/* All is freed; the machine is about to end. */
	void (*end)(void *data, struct rig_machine *machine);
	void *data;
	bool print_log; /* the machine's log goes to stderr; otherwise only that of a finding */
};

/* Performs @nr ops on the machine that @plan describes. Returns when all checks held. */
void fuzz_run_ops(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr,
		  const struct fuzz_watch *watch);

/* Decodes and performs an input of a target of ops. Always 0, as LLVMFuzzerTestOneInput. */
int fuzz_run_input(const struct fuzz_shape *shape, const u8 *data, size_t size);

/*
 * For targets with calls of their own: the machine that @plan describes, whose findings abort.
 * Its log is silent up to a finding's report, unless asked for. NULL: it can't be made.
 */
struct rig_machine *fuzz_machine_create(const struct fuzz_plan *plan, bool print_log);

/* The whole machine's check; what is broken is a finding. */
void fuzz_machine_check(struct rig_machine *machine, int tier);

/* Reports a finding of the fuzzer's own checks; does not return. */
void fuzz_fail(struct rig_machine *machine, const char *check, const char *format, ...)
	__printf(3, 4) __attribute__((noreturn));

/* One input of a target. libFuzzer's name, which the other drivers use too. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/*
 * The canary: with KMEMRIG_CANARY=1 in the environment a page is handed out twice when a machine
 * meets a certain sequence. A fuzzer that does not find it within seconds is blind.
 */
void fuzz_canary_plant(struct rig_machine *machine);

#endif
