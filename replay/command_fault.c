// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig fault: runs a program once for each allocation it makes, failing that one (once: only
 * that one; persistent: it and all that follow), until no allocation is left to fail. What a
 * program does when memory runs out is looked at everywhere it can run out: it may crash, hang,
 * misuse the allocators, or leave memory behind.
 *
 * A first run without failures is what the others are held against: what leaks there, leaks
 * without our doing and is reported once.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <kmemrig/command.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/gfp_table.h>

#include "fault_run.h"

#define DEFAULT_TIMEOUT_S 20
#define OUTPUT_LINES 12 /* of a run with a finding, the last ones */

enum { OPTION_NTH = 256, OPTION_GFP, OPTION_ONCE, OPTION_PERSISTENT, OPTION_TIMEOUT, OPTION_JSON };

static const struct argp_option options[] = {
	{ "fail-nth", OPTION_NTH, "all|N|N..M", 0,
	  "Which allocations to fail, counted from 1 (default all)", 0 },
	{ "gfp", OPTION_GFP, "FLAGS", 0,
	  "Count only allocations with all of these flags, as GFP_ATOMIC", 0 },
	{ "once", OPTION_ONCE, NULL, 0, "Only runs in which one allocation fails", 0 },
	{ "persistent", OPTION_PERSISTENT, NULL, 0,
	  "Only runs in which all allocations fail from the chosen one on", 0 },
	{ "timeout", OPTION_TIMEOUT, "SECONDS", 0, "A run that takes longer hangs (default 20)",
	  0 },
	{ "quiet", 'q', NULL, 0, "Print findings and the summary only", 0 },
	{ "json", OPTION_JSON, NULL, 0, "One JSON object on stdout instead of text", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct plan {
	u64 first, last; /* last 0: until none fires */
	bool once, persistent;
	const char *gfp;
	unsigned int timeout_s;
	bool quiet, json;
	char **arguments;
};

struct tally {
	u64 runs, findings;
	u64 by_outcome[FAULT_HANG + 1];
	json_t *runs_json;
};

static bool parse_range(const char *text, u64 *first, u64 *last)
{
	char *end;

	*first = 1;
	*last = 0;
	if (strcmp(text, "all") == 0)
		return true;
	errno = 0;
	*first = strtoull(text, &end, 10);
	*last = *first;
	if (end != text && strncmp(end, "..", 2) == 0)
		*last = strtoull(end + 2, &end, 10);
	return errno == 0 && *end == '\0' && *text != '-' && *first >= 1 && *last >= *first;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct plan *plan = state->input;
	gfp_t flags;
	char *end;

	switch (key) {
	case OPTION_NTH:
		if (!parse_range(argument, &plan->first, &plan->last))
			argp_error(state, "--fail-nth: '%s' is not all, N or N..M", argument);
		break;
	case OPTION_GFP:
		if (!rig_fault_parse_gfp(argument, &flags))
			argp_error(state, "--gfp: '%s' is not gfp flags such as GFP_ATOMIC",
				   argument);
		plan->gfp = argument;
		break;
	case OPTION_ONCE:
		plan->once = true;
		break;
	case OPTION_PERSISTENT:
		plan->persistent = true;
		break;
	case OPTION_TIMEOUT:
		plan->timeout_s = (unsigned int)strtoul(argument, &end, 10);
		if (*end || end == argument || plan->timeout_s < 1 || plan->timeout_s > 86400)
			argp_error(state, "--timeout: '%s' is not a number of seconds", argument);
		break;
	case 'q':
		plan->quiet = true;
		break;
	case OPTION_JSON:
		plan->json = true;
		break;
	case ARGP_KEY_ARGS:
		plan->arguments = state->argv + state->next;
		break;
	case ARGP_KEY_END:
		if (!plan->arguments)
			argp_error(state, "which program?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const char *outcome_name(enum fault_outcome outcome)
{
	static const char *const names[] = { "ok", "LEAK", "MISUSE", "SANITIZER", "CRASH", "HANG" };

	return names[outcome];
}

static void print_outcome(const struct fault_run *run)
{
	switch (run->outcome) {
	case FAULT_CRASH:
		printf("CRASH: %s", strsignal(run->code));
		break;
	case FAULT_HANG:
		printf("HANG: not done after %u s", run->timeout_s);
		break;
	case FAULT_LEAK:
		printf("exit %d, LEAK:", run->code);
		for (size_t i = 0; i < run->nr_leaks; i++)
			printf("%s %s of %" PRIu64 " bytes from %s", i ? "," : "",
			       run->leaks[i].kind, run->leaks[i].bytes, run->leaks[i].site);
		break;
	default:
		printf("exit %d, %s", run->code, outcome_name(run->outcome));
	}
}

/* The last lines of what the program printed. */
static void print_output(const char *output)
{
	const char *at = output + strlen(output);
	int lines = 0;

	while (at > output && (at[-1] != '\n' || at[0] == '\0' || ++lines < OUTPUT_LINES))
		at--;
	while (*at) {
		size_t length = strcspn(at, "\n");

		printf("    | %.*s\n", (int)length, at);
		at += length + (at[length] != '\0');
	}
}

static void print_run(const struct plan *plan, const struct fault_run *run)
{
	char flags[RIG_GFP_TEXT_SIZE];

	if (plan->json || (plan->quiet && run->outcome == FAULT_FINE))
		return;
	if (run->nth == 0) {
		printf("without failures: ");
	} else {
		rig_gfp_format(rig_gfp_table(NULL), run->gfp_flags, flags, sizeof(flags));
		printf("n=%" PRIu64 " %s: %s of %" PRIu64 " bytes, %s, at %s: ", run->nth,
		       run->persistent ? "persistent" : "once",
		       strcmp(run->attribute, "failslab") == 0 ? "object" : "pages", run->bytes,
		       flags, run->site);
	}
	print_outcome(run);
	putchar('\n');
	if (run->outcome != FAULT_FINE && run->output)
		print_output(run->output);
}

static json_t *run_as_json(const struct fault_run *run)
{
	json_t *leaks = json_array();

	for (size_t i = 0; i < run->nr_leaks; i++)
		json_array_append_new(leaks,
				      json_pack("{s:s, s:I, s:s}", "kind", run->leaks[i].kind,
						"bytes", (json_int_t)run->leaks[i].bytes, "site",
						run->leaks[i].site));
	return json_pack("{s:I, s:s, s:s, s:I, s:i, s:s, s:I, s:s, s:i, s:o}", "nth",
			 (json_int_t)run->nth, "mode", run->persistent ? "persistent" : "once",
			 "attribute", run->attribute, "bytes", (json_int_t)run->bytes, "gfp_flags",
			 (int)run->gfp_flags, "call_site", run->site, "failures",
			 (json_int_t)run->failures, "outcome", outcome_name(run->outcome), "code",
			 run->code, "leaks", leaks);
}

static void take_run(const struct plan *plan, struct tally *tally, const struct fault_run *run)
{
	tally->runs += run->nth != 0;
	tally->by_outcome[run->outcome]++;
	tally->findings += run->outcome != FAULT_FINE;
	print_run(plan, run);
	json_array_append_new(tally->runs_json, run_as_json(run));
}

/*
 * One allocation, in the modes that were asked for. -1: it could not be run; 0: nothing was left
 * to fail; 1: go on.
 */
static int fail_one(const struct plan *plan, struct tally *tally, const struct fault_run *base,
		    u64 nth)
{
	char error[4200];
	int fired = 0;

	for (int persistent = 0; persistent <= 1; persistent++) {
		struct fault_run run = { .nth = nth,
					 .persistent = persistent,
					 .gfp = plan->gfp,
					 .timeout_s = plan->timeout_s,
					 .arguments = plan->arguments };

		if (!(persistent ? plan->persistent : plan->once))
			continue;
		if (!fault_run(&run, error, sizeof(error))) {
			rig_usage_error("%s", error);
			return -1;
		}
		fault_run_subtract(&run, base);
		if (run.fired || run.outcome != FAULT_FINE) {
			take_run(plan, tally, &run);
			fired = 1;
		}
		fault_run_end(&run);
	}
	return fired;
}

static int fail_all(const struct plan *plan, struct tally *tally, const struct fault_run *base)
{
	u64 last = plan->last ? plan->last : UINT64_MAX;
	struct rig_progress progress;
	int more = 1;

	rig_progress_begin(&progress, "failing allocations",
			   plan->last ? plan->last - plan->first + 1 : base->calls);
	for (u64 nth = plan->first; nth <= last && more == 1; nth++) {
		more = fail_one(plan, tally, base, nth);
		rig_progress_step(&progress, nth - plan->first + 1);
	}
	rig_progress_end(&progress);
	return more;
}

static void summarize(const struct plan *plan, const struct tally *tally, u64 calls)
{
	if (plan->json) {
		json_t *summary = json_pack("{s:s, s:I, s:I, s:I, s:O}", "program",
					    plan->arguments[0], "allocations", (json_int_t)calls,
					    "failing_runs", (json_int_t)tally->runs, "findings",
					    (json_int_t)tally->findings, "runs", tally->runs_json);

		json_dumpf(summary, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(summary);
		return;
	}
	printf("%" PRIu64 " allocations, %" PRIu64 " runs with failures: %" PRIu64 " findings",
	       calls, tally->runs, tally->findings);
	for (int outcome = FAULT_LEAK; outcome <= FAULT_HANG; outcome++)
		if (tally->by_outcome[outcome])
			printf(", %" PRIu64 " %s", tally->by_outcome[outcome],
			       outcome_name((enum fault_outcome)outcome));
	putchar('\n');
}

/* The run without failures; false: there is nothing to hold the others against. */
static bool run_base(const struct plan *plan, struct fault_run *base)
{
	char error[4200];

	if (!fault_run(base, error, sizeof(error))) {
		rig_usage_error("%s", error);
		return false;
	}
	if (base->outcome == FAULT_FINE || base->outcome == FAULT_LEAK) {
		if (base->finished)
			return true;
		rig_usage_error("%s: no machine of libkmemrig was made and taken down in it",
				plan->arguments[0]);
		return false;
	}
	rig_usage_error("%s: fails by itself, without failing allocations: %s %d",
			plan->arguments[0], outcome_name(base->outcome), base->code);
	if (base->output)
		fputs(base->output, stderr);
	return false;
}

int rig_command_fault(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse_option,
		"-- PROGRAM [ARGUMENT...]",
		"Run PROGRAM, which uses libkmemrig, once for each allocation that its machine "
		"makes, and let that allocation fail."
		"\vExit codes: 0 every failure was taken well, 1 findings, 2 bad usage.",
		NULL,
		NULL,
		NULL
	};
	struct plan plan = { .first = 1, .timeout_s = DEFAULT_TIMEOUT_S };
	struct fault_run base = { .nth = 0 };
	struct tally tally = { .runs = 0 };
	int code = RIG_EXIT_USAGE;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &plan);
	if (!plan.once && !plan.persistent)
		plan.once = plan.persistent = true;
	base.gfp = plan.gfp;
	base.timeout_s = plan.timeout_s;
	base.arguments = plan.arguments;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (run_base(&plan, &base)) {
		tally.runs_json = json_array();
		take_run(&plan, &tally, &base);
		if (fail_all(&plan, &tally, &base) >= 0) {
			summarize(&plan, &tally, base.calls);
			code = tally.findings ? RIG_EXIT_FINDING : RIG_EXIT_OK;
		}
		json_decref(tally.runs_json);
	}
	fault_run_end(&base);
	return code;
}
