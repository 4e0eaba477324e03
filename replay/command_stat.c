// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig stat: what a recorded trace says about memory: what failed and why, who holds what, by
 * call site, cache and task. The options become parameters of the babeltrace2 plugin's summary.
 */
#include <kmemrig/command.h>

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "stat.h"

struct options {
	struct rig_stat_job job;
};

enum {
	OPTION_JSON = 256,
	OPTION_REPORT,
	OPTION_PERF,
	OPTION_CPU,
	OPTION_PID,
	OPTION_COMM,
	OPTION_BEGIN,
	OPTION_END,
	OPTION_KALLSYMS,
	OPTION_RELEASE,
	OPTION_PAGE_OFFSET,
};

static const struct argp_option argp_options[] = {
	{ "json", OPTION_JSON, 0, 0, "one JSON object instead of the text", 0 },
	{ "report", OPTION_REPORT, "FILE.html", 0, "also write a report that a browser shows", 0 },
	{ "output", 'o', "FILE", 0, "write the text or JSON there", 0 },
	{ "sort", 's', "KEY", 0,
	  "order of call sites and caches: bytes (default), hits, live, waste, frag, ping-pong, "
	  "lifetime",
	  0 },
	{ "limit", 'n', "N", 0, "rows of a table (20; 0: all)", 0 },
	{ "perf", OPTION_PERF, 0, 0, "also what 'perf kmem stat' counts, its way", 0 },
	{ "cpu", OPTION_CPU, "N", 0, "only events of that CPU", 1 },
	{ "pid", OPTION_PID, "N", 0, "only events of that task", 1 },
	{ "comm", OPTION_COMM, "NAME", 0, "only events of tasks of that name", 1 },
	{ "begin", OPTION_BEGIN, "SECONDS", 0, "only events from that time on", 1 },
	{ "end", OPTION_END, "SECONDS", 0, "only events before that time", 1 },
	{ "kallsyms", OPTION_KALLSYMS, "FILE", 0,
	  "the traced kernel's symbols: a copy of its /proc/kallsyms (trace.dat has its own)", 2 },
	{ "kernel-release", OPTION_RELEASE, "RELEASE", 0,
	  "whose gfp flags these are, as 6.1; the trace's own where it says", 2 },
	{ "page-offset", OPTION_PAGE_OFFSET, "ADDRESS", 0,
	  "where the direct map begins (0xffff888000000000)", 2 },
	{ 0 }
};

static void set_text(struct options *options, const char *name, const char *text)
{
	if (bt_value_map_insert_string_entry(options->job.parameters, name, text))
		abort();
}

/* Also for addresses of 64 bits, which the plugin takes back as what they were. */
static void set_number(struct options *options, struct argp_state *state, const char *name,
		       const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (!*text || *end || *text == '-')
		argp_error(state, "--%s: '%s' is not a number from 0 on", name, text);
	if (bt_value_map_insert_signed_integer_entry(options->job.parameters, name, (int64_t)value))
		abort();
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		set_text(options, "format", "json");
		break;
	case OPTION_REPORT:
		set_text(options, "report", argument);
		break;
	case 'o':
		set_text(options, "output", argument);
		break;
	case 's':
		set_text(options, "sort", argument);
		break;
	case 'n':
		set_number(options, state, "limit", argument);
		break;
	case OPTION_PERF:
		if (bt_value_map_insert_bool_entry(options->job.parameters, "perf", BT_TRUE))
			abort();
		break;
	case OPTION_CPU:
		set_number(options, state, "cpu", argument);
		break;
	case OPTION_PID:
		set_number(options, state, "pid", argument);
		break;
	case OPTION_COMM:
		set_text(options, "comm", argument);
		break;
	case OPTION_BEGIN:
		set_text(options, "begin", argument);
		break;
	case OPTION_END:
		set_text(options, "end", argument);
		break;
	case OPTION_KALLSYMS:
		set_text(options, "kallsyms", argument);
		break;
	case OPTION_RELEASE:
		set_text(options, "kernel-release", argument);
		break;
	case OPTION_PAGE_OFFSET:
		set_number(options, state, "page-offset", argument);
		break;
	case ARGP_KEY_ARGS:
		options->job.traces = state->argv + state->next;
		options->job.nr_traces = (size_t)(state->argc - state->next);
		break;
	case ARGP_KEY_END:
		if (!options->job.nr_traces)
			argp_error(state, "no trace is named");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	argp_options,
	parse,
	"TRACE...",
	"Says what a recorded trace says about memory: which allocations failed and what was free "
	"then, who holds what, lifetimes, fragmentation, by call site, cache and task."
	"\vA TRACE is a folder of LTTng's (CTF), trace-cmd's trace.dat, perf.data, or ftrace's text "
	"(the kernel's trace file, trace-cmd report, perf script); .xz and .zst too; - is standard "
	"input. The kmem events should be in it: trace-cmd record -e kmem, lttng enable-event "
	"--kernel 'kmem_*', perf record -e 'kmem:*'.\n\n"
	"Exit codes: 0 read to its end; 2 bad input (what could be read was analysed and printed).",
	NULL,
	NULL,
	NULL
};

int rig_command_stat(int argc, char **argv)
{
	struct options options = { .job = { .sink = "summary", .progress = "events read: about" } };
	int code;

	options.job.parameters = bt_value_map_create();
	if (!options.job.parameters)
		return rig_usage_error("no host memory");
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	code = rig_stat_run(&options.job);
	bt_value_put_ref(options.job.parameters);
	return code;
}
