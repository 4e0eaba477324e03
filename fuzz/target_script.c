// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: op scripts. Each line is parsed; what parses must come back the same from its text form;
 * then all ops run on a small machine, since every sequence of ops is a valid run.
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define MAX_LINES 400

static void check_text_form(const struct rig_op *op)
{
	char text[256], again[256], error[256];
	struct rig_op other;

	rig_op_format(op, text, sizeof(text));
	if (!rig_op_parse(&other, text, error, sizeof(error)) ||
	    strcmp(text, rig_op_format(&other, again, sizeof(again))) != 0) {
		fprintf(stderr, "broken invariant: script.text_form: '%s' comes back as '%s'\n",
			text, again);
		abort();
	}
}

/* What a script may ask of the rig but a fuzzer may not: to wait for ever. */
static bool is_endless(const struct rig_op *op)
{
	return op->gfp & __GFP_NOFAIL;
}

static size_t parse(char *text, struct rig_op *ops)
{
	char error[256], *rest = text, *line;
	size_t nr = 0;

	while (nr < MAX_LINES && (line = strsep(&rest, "\n"))) {
		if (rig_op_is_blank(line) || !rig_op_parse(&ops[nr], line, error, sizeof(error)) ||
		    is_endless(&ops[nr]))
			continue;
		check_text_form(&ops[nr++]);
	}
	return nr;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct fuzz_shape shape = { .name = "script",
						 .kinds = (1ULL << RIG_NR_OPS) - 1,
						 .check_every = 32,
						 .max_cpus = 2,
						 .max_nodes = 1 };
	/* one node of 8 MiB, two CPUs */
	static const u8 header[] = { 4, 4, 0, 0, 0, 4 };
	struct fuzz_plan *plan = malloc(sizeof(*plan));
	struct rig_op *ops = calloc(MAX_LINES, sizeof(*ops));
	char *text = malloc(size + 1);
	size_t nr;

	if (!plan || !ops || !text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	nr = parse(text, ops);
	fuzz_plan_init(plan, &shape, header, sizeof(header));
	if (nr)
		fuzz_run_ops(plan, ops, nr, NULL);
	free(text);
	free(ops);
	free(plan);
	return 0;
}
