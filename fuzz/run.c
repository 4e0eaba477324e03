// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run: a machine, its ops, the checks after each, the whole machine's check now and then and
 * at the end, when everything was freed.
 *
 * Layers of checking, from near to far: the backends' own (tier 2 within the run), the map under
 * the page backend "checked", the pattern that ops fill memory with ("op.contents"), and the
 * shadow of objects (shadow.c): all of them on in every run.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/checked.h>
#include <kmemrig/memblock.h>
#include <kmemrig/page.h>
#include <linux/kernel.h>

#include "run.h"
#include "shadow.h"
#include "witness.h"

struct run {
	struct rig_machine *machine;
	struct rig_ops *ops;
	struct fuzz_shadow *shadow;
	struct fuzz_witness *witness; /* NULL: not wanted */
};

/* From here on the log is a finding's report, which ends the process. */
static bool failing;

static void note_failure(struct rig_machine *machine, const char *check, const char *text,
			 void *data)
{
	failing = true;
}

static void print_finding(struct rig_machine *machine, const char *line, void *data)
{
	if (failing)
		fprintf(stderr, "%s\n", line);
}

void fuzz_fail(struct rig_machine *machine, const char *check, const char *format, ...)
{
	struct rig_verdict verdict = { .name = check };
	va_list args;

	va_start(args, format);
	vsnprintf(verdict.detail, sizeof(verdict.detail), format, args);
	va_end(args);
	rig_broken(machine, &verdict);
	abort();
}

static void perform(struct run *run, const struct fuzz_plan *plan, const struct rig_op *op,
		    size_t number, const struct fuzz_watch *watch)
{
	struct rig_op_result result;
	enum rig_op_status status;

	memset(&result, 0, sizeof(result));
	if (run->witness)
		fuzz_witness_before(run->witness, op);
	status = rig_op_perform(run->ops, op, &result);
	if (run->witness)
		fuzz_witness_after(run->witness, op, &result);
	if (watch && watch->op)
		watch->op(watch->data, op, &result);
	if (status == RIG_OP_BROKEN)
		fuzz_fail(run->machine, result.verdict.name, "%s", result.verdict.detail);
	fuzz_shadow_after(run->shadow, run->ops, op, &result);
	if (plan->shape->check_every && (number + 1) % (size_t)plan->shape->check_every == 0)
		fuzz_machine_check(run->machine, 2);
}

/* Once the machine is up, as a kernel's drivers do it. */
static void make_cma_area(struct rig_machine *machine, const struct fuzz_plan *plan)
{
	struct rig_cpu *before;

	/* the model knows no CMA */
	if (!plan->cma_nr_pages || !machine->checked)
		return;
	before = rig_cpu_enter(&machine->cpus[0]);
	if (rig_cma_area_init(&machine->cpus[0], plan->cma_start_pfn, plan->cma_nr_pages))
		fuzz_fail(machine, "fuzz.cma", "no area at pfn %#lx", plan->cma_start_pfn);
	rig_cpu_enter(before);
}

/* What boot reserved at 1 MiB, or the first pages of it, as drivers give theirs back. */
static void free_late(struct rig_machine *machine, const struct fuzz_plan *plan)
{
	const struct rig_memory_range *range = plan->memory;
	struct rig_cpu *before;

	if (!plan->late_pages)
		return;
	while (!(range->flags & RIG_MEMORY_RESERVED))
		range++;
	before = rig_cpu_enter(&machine->cpus[0]);
	rig_memblock_free_late(machine->memblock, range->base,
			       min(PFN_PHYS(plan->late_pages), range->size), 0);
	rig_cpu_enter(before);
}

/* A description that makes no machine (too little memory for its reservations) is no finding. */
struct rig_machine *fuzz_machine_create(const struct fuzz_plan *plan, bool print_log)
{
	char error[256] = "";
	struct rig_machine *machine = rig_machine_create(&plan->config, error, sizeof(error));

	if (!machine) {
		if (print_log)
			fprintf(stderr, "no machine: %s\n", error);
		return NULL;
	}
	machine->check->on_failure = RIG_FAILURE_ABORT;
	machine->check->hook = note_failure;
	if (!print_log)
		machine->check->print = print_finding;
	if (machine->checked)
		rig_checked_set_alone(machine);
	make_cma_area(machine, plan);
	free_late(machine, plan);
	return machine;
}

void fuzz_machine_check(struct rig_machine *machine, int tier)
{
	struct rig_verdict verdict = { NULL, "" };

	if (!rig_machine_check(machine, tier, &verdict))
		fuzz_fail(machine, verdict.name, "%s", verdict.detail);
}

static bool start(struct run *run, const struct fuzz_plan *plan, const struct fuzz_watch *watch)
{
	run->machine = fuzz_machine_create(plan, watch && watch->print_log);
	if (!run->machine)
		return false;
	fuzz_canary_plant(run->machine);
	run->ops = rig_ops_create(run->machine, &plan->ops_config);
	run->shadow = fuzz_shadow_create(run->machine, plan->nr_slots);
	if (!run->ops || !run->shadow)
		abort(); /* the host's memory, nothing of ours */
	if (plan->witness)
		run->witness = fuzz_witness_begin(run->machine, run->ops, plan->interrupts);
	if (watch && watch->start)
		watch->start(watch->data, run->machine);
	return true;
}

void fuzz_run_ops(const struct fuzz_plan *plan, const struct rig_op *ops, size_t nr,
		  const struct fuzz_watch *watch)
{
	struct run run = { .machine = NULL };

	if (!start(&run, plan, watch))
		return;
	for (size_t i = 0; i < nr; i++)
		perform(&run, plan, &ops[i], i, watch);
	fuzz_machine_check(run.machine, 3);
	if (run.witness)
		fuzz_witness_stop(run.witness);
	rig_ops_clear(run.ops);
	fuzz_machine_check(run.machine, 3);
	if (run.witness)
		fuzz_witness_end(run.witness);
	if (watch && watch->end)
		watch->end(watch->data, run.machine);
	fuzz_shadow_destroy(run.shadow);
	rig_ops_destroy(run.ops);
	rig_machine_destroy(run.machine);
}

int fuzz_run_input(const struct fuzz_shape *shape, const u8 *data, size_t size)
{
	struct fuzz_plan *plan = malloc(sizeof(*plan));
	struct rig_op *ops;
	size_t nr;

	if (!plan)
		abort();
	fuzz_plan_init(plan, shape, data, size);
	nr = fuzz_plan_ops(plan, &ops);
	fuzz_run_ops(plan, ops, nr, NULL);
	free(ops);
	free(plan);
	return 0;
}
