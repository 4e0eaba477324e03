// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig replay: traces of real kernels through the allocators. Reads the traces, builds the
 * machine, replays page events or objects, compares with what the kernel chose and with the state
 * that it ended in, and says so in a table or in JSON.
 */
#include <kmemrig/backend.h>
#include <kmemrig/command.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/lttng.h>
#include <kmemrig/session.h>

#include <argp.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command_machine.h"
#include "replay_report.h"
#include "what_if.h"
#include "stat.h"

struct options {
	struct rig_machine_source machine;
	bool objects;
	bool what_if; /* something differs from the traced machine */
	const char *expect_state;
	const char *save_state;
	const char *trace;
	const char *report;
	const char *kallsyms;
	const char *fault;
	bool json;
	unsigned int show;
	int check_tier;
	char **traces;
	size_t nr_traces;
};

enum {
	OPTION_LEVEL = 256,
	OPTION_EXPECT,
	OPTION_SAVE,
	OPTION_REPORT,
	OPTION_KALLSYMS,
	OPTION_JSON,
	OPTION_SHOW,
	OPTION_FAULT,
	OPTION_CHECK,
	OPTION_CMDLINE,
	OPTION_MEMORY,
	OPTION_WHAT_IF
};

static const struct argp_option argp_options[] = {
	{ "level", OPTION_LEVEL, "page|object", 0,
	  "what is replayed: page events only (default), or object events through the slab "
	  "backend with the other page events beside them",
	  0 },
	{ "backend", 'b', "NAME|FILE.so", 0, "slab backend: slub (default), slab, slob, ...", 0 },
	{ "state", 's', "FILE", 0, "start from this recorded state", 0 },
	{ "machine", 'm', "NAME|FILE", 0, "start from this machine: a device tree", 0 },
	{ "memory", OPTION_MEMORY, "+SIZE|SIZE", 0,
	  "what if there were more memory: +1G beside the state's; without a state: that much", 0 },
	{ "expect-state", OPTION_EXPECT, "FILE", 0,
	  "compare the end with this recorded state; exit code 1 when lists differ", 0 },
	{ "save-state", OPTION_SAVE, "FILE", 0, "write the state at the end", 0 },
	{ "trace", 't', "DIR", 0, "record the replay's own events there, by LTTng", 0 },
	{ "report", OPTION_REPORT, "FILE.html", 0, "write a report that a browser shows", 0 },
	{ "kallsyms", OPTION_KALLSYMS, "FILE", 0,
	  "name call sites that the trace doesn't: the traced kernel's /proc/kallsyms", 0 },
	{ "fault", OPTION_FAULT, "SPEC", 0,
	  "make allocations fail: failslab:probability=10,times=5;fail_page_alloc:min-order=1", 0 },
	{ "stress", OPTION_FAULT, 0, OPTION_ALIAS, 0, 0 },
	{ "what-if", OPTION_WHAT_IF, 0, 0,
	  "replay as if something were changed, though nothing is: the yardstick for --memory, "
	  "--fault and sysctl settings",
	  0 },
	{ "command-line", OPTION_CMDLINE, "TEXT", 0,
	  "kernel parameters: \"slab_nomerge slub_debug=FZ sysctl.vm.min_free_kbytes=16384\"", 0 },
	{ "check", OPTION_CHECK, "TIER", 0,
	  "check the machine's invariants up to that tier (1-3) at "
	  "the end",
	  0 },
	{ "show", OPTION_SHOW, "N", 0, "print the first N differences to stderr", 0 },
	{ "json", OPTION_JSON, 0, 0, "one JSON object instead of the table", 0 },
	{ 0 }
};

static int number(struct argp_state *state, const char *text, unsigned long max, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || *text == '-' || value > max)
		argp_error(state, "%s: '%s' is not a number from 0 to %lu", what, text, max);
	return (int)value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_LEVEL:
		options->objects = !strcmp(argument, "object");
		if (!options->objects && strcmp(argument, "page"))
			argp_error(state, "--level: '%s' is neither page nor object", argument);
		break;
	case 'b':
		options->machine.backend = argument;
		break;
	case 's':
		options->machine.state_path = argument;
		break;
	case 'm':
		options->machine.machine = argument;
		break;
	case OPTION_EXPECT:
		options->expect_state = argument;
		break;
	case OPTION_SAVE:
		options->save_state = argument;
		break;
	case 't':
		options->trace = argument;
		break;
	case OPTION_REPORT:
		options->report = argument;
		break;
	case OPTION_KALLSYMS:
		options->kallsyms = argument;
		break;
	case OPTION_FAULT:
		options->fault = argument;
		break;
	case OPTION_CMDLINE:
		options->machine.command_line = argument;
		break;
	case OPTION_WHAT_IF:
		options->what_if = true;
		break;
	case OPTION_MEMORY:
		options->machine.more = *argument == '+';
		if (!rig_parse_size(argument + options->machine.more, &options->machine.memory) ||
		    !options->machine.memory)
			argp_error(state, "--memory: '%s' is no amount", argument);
		break;
	case OPTION_CHECK:
		options->check_tier = number(state, argument, 3, "--check");
		break;
	case OPTION_SHOW:
		options->show = (unsigned int)number(state, argument, 1000000, "--show");
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARGS:
		options->traces = state->argv + state->next;
		options->nr_traces = (size_t)(state->argc - state->next);
		break;
	case ARGP_KEY_END:
		if (!options->nr_traces)
			argp_error(state, "no trace is named");
		if (options->machine.state_path && options->machine.machine)
			argp_error(state, "--state and --machine exclude each other");
		if (options->machine.more && !options->machine.state_path)
			argp_error(state, "--memory +SIZE needs the state that it is added to");
		if (options->machine.memory && !options->machine.more &&
		    (options->machine.state_path || options->machine.machine))
			argp_error(state, "--memory SIZE: the state or machine says how much; "
					  "+SIZE adds to a state");
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
	"Replays traces of real kernels (trace.dat, perf.data, CTF, ftrace text; .xz and .zst too) through "
	"the allocators and compares each choice with the kernel's."
	"\vA trace starts in the middle of a kernel's life: give the state recorded with it "
	"(--state), and the replay chooses the page frames that the kernel chose. Without one the "
	"trace is run on another machine, for what would have happened there.\n\n"
	"Exit codes: 0 replayed; 1 a state was expected and the lists differ, or the new trace "
	"lost events; 2 bad input (what could be read was replayed); 3 a broken invariant.",
	NULL,
	NULL,
	NULL
};

/* Counts what the machine tells. */
struct counter {
	struct rig_event_sink sink;
	u64 *nr;
};

static void count_event(struct rig_event_sink *sink, const struct rig_event *event)
{
	((struct counter *)sink)->nr[event->id]++;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Memory for a trace that comes without a machine: up to the highest page that it names. */
static void size_from_trace(struct rig_machine_source *source, const struct rig_trace_log *log)
{
	const u64 unit = 128ULL << 20, most = 1ULL << 40;
	u64 top = 0;

	for (size_t i = 0; i < log->nr; i++) {
		const struct rig_event *event = &log->events[i];
		u64 pfn = event->id == RIG_EVENT_mm_page_alloc	? event->mm_page_alloc.pfn
			  : event->id == RIG_EVENT_mm_page_free ? event->mm_page_free.pfn
								: 0;

		if (pfn > top && pfn < most >> PAGE_SHIFT)
			top = pfn;
	}
	if (!source->memory)
		source->memory = (((top + 1) << PAGE_SHIFT) + unit - 1) / unit * unit;
	source->nr_cpus = log->nr_cpus;
}

struct run {
	struct options options;
	struct rig_trace_log log;
	struct rig_state *state, *expected;
	struct rig_machine *machine;
	struct rig_symbols *symbols;
	struct rig_session *session;
	struct rig_event_sink *lttng;
	char scratch[300]; /* folder of a trace that only the report needs */
	struct counter counter;
	struct rig_engine engine;
	struct rig_failures *failures;
	struct rig_replay_report report;
	int exit_code;
};

static bool start_trace(struct run *run, char *error)
{
	struct rig_session_options options = { .output = run->options.trace,
					       .machine_clock = true };

	if (!run->options.trace)
		return true;
	run->session = rig_session_start(&options, error, RIG_COMMAND_ERROR);
	if (!run->session)
		return false;
	run->lttng = rig_lttng_open(error, RIG_COMMAND_ERROR);
	if (run->lttng)
		rig_event_attach(run->machine, run->lttng);
	return run->lttng;
}

static void end_trace(struct run *run)
{
	struct rig_session_result result = { 0 };

	if (run->lttng) {
		rig_event_detach(run->machine, run->lttng);
		rig_lttng_close(run->lttng);
	}
	if (!run->session)
		return;
	run->report.have_trace = true;
	if (rig_session_stop(run->session, &result)) {
		rig_usage_error("%s: the trace may be incomplete: %s", run->options.trace,
				result.problem);
		run->exit_code = RIG_EXIT_FINDING;
	}
	run->report.discarded = result.discarded + result.lost_packets;
	if (run->report.discarded) {
		rig_usage_error("%s: %llu events were lost", run->options.trace,
				(unsigned long long)run->report.discarded);
		run->exit_code = RIG_EXIT_FINDING;
	}
}

/* A report without a trace of its own needs one for a while. */
static bool choose_trace(struct run *run, char *error)
{
	const char *base = getenv("TMPDIR");

	if (!run->options.report || run->options.trace)
		return true;
	snprintf(run->scratch, sizeof(run->scratch), "%s/kmemrig-replay-XXXXXX",
		 base ? base : P_tmpdir);
	if (!mkdtemp(run->scratch)) {
		snprintf(error, RIG_COMMAND_ERROR, "%s: %s", run->scratch, strerror(errno));
		run->scratch[0] = '\0';
		return false;
	}
	run->options.trace = run->scratch;
	return true;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
	return remove(path);
}

/* Called what the replayed traces are called: the name of the new one may be of the moment. */
static void make_report(struct run *run)
{
	struct rig_stat_job job = { .traces = (char **)&run->options.trace,
				    .nr_traces = 1,
				    .sink = "report" };
	char title[512];

	if (run->options.report && run->report.have_trace) {
		job.parameters = bt_value_map_create();
		rig_stat_title(title, sizeof(title), "replay of ", run->options.traces,
			       run->options.nr_traces);
		if (!job.parameters ||
		    bt_value_map_insert_string_entry(job.parameters, "title", title) ||
		    bt_value_map_insert_string_entry(job.parameters, "output",
						     run->options.report) ||
		    (run->options.kallsyms &&
		     bt_value_map_insert_string_entry(job.parameters, "kallsyms",
						      run->options.kallsyms)))
			abort();
		if (rig_stat_run(&job) != RIG_EXIT_OK)
			run->exit_code =
				rig_usage_error("%s: the report is not whole", run->options.report);
		bt_value_put_ref(job.parameters);
	}
	if (run->scratch[0])
		nftw(run->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool prepare(struct run *run, char *error)
{
	struct options *options = &run->options;

	if (options->machine.backend &&
	    !rig_command_backend_known(options->machine.backend, error, RIG_COMMAND_ERROR))
		return false;
	if (options->expect_state) {
		run->expected = rig_state_read(options->expect_state, error);
		if (!run->expected)
			return false;
	}
	options->machine.objects =
		options->objects && options->machine.state_path &&
		(!options->machine.backend || !strcmp(options->machine.backend, "slub"));
	/* a state's slabs are SLUB's: for the others its objects are made anew */
	options->machine.fresh =
		options->objects && options->machine.state_path && !options->machine.objects;
	if (!options->machine.state_path && !options->machine.machine)
		size_from_trace(&options->machine, &run->log);
	options->machine.log = &run->log;
	options->what_if = options->what_if || options->fault || options->machine.more ||
			   rig_what_if_settings(options->machine.command_line);
	if (options->what_if && options->machine.state_path && !options->objects &&
	    !rig_what_if_learn(&options->machine, &run->log, error))
		return false;
	run->machine = rig_machine_from(&options->machine, &run->state, error);
	if (!run->machine)
		return false;
	if (options->objects && run->state && run->state->from_proc) {
		snprintf(error, RIG_COMMAND_ERROR,
			 "%.300s: /proc files tell nothing of objects: pages only (--level page)",
			 options->machine.state_path);
		return false;
	}
	run->machine->check->on_failure = RIG_FAILURE_COUNT;
	run->machine->check->print_limit = 20;
	if (options->fault &&
	    rig_fault_parse(run->machine, options->fault, error, RIG_COMMAND_ERROR))
		return false;
	return choose_trace(run, error) && start_trace(run, error);
}

static void compare(struct run *run)
{
	struct rig_state *got;

	if (!run->expected && !run->options.save_state)
		return;
	got = rig_state_of_machine(run->machine);
	if (!got) {
		run->exit_code = rig_usage_error("no host memory to compare states");
		return;
	}
	if (run->options.save_state) {
		FILE *out = fopen(run->options.save_state, "w");

		if (out)
			rig_state_write(got, out);
		if (!out || fclose(out))
			run->exit_code =
				rig_usage_error("%s: can't be written", run->options.save_state);
	}
	if (run->expected) {
		run->report.have_difference = true;
		run->report.difference =
			rig_state_compare(run->expected, got, stderr, run->options.show);
		if (run->report.difference.lists != run->report.difference.lists_identical &&
		    run->exit_code == RIG_EXIT_OK)
			run->exit_code = RIG_EXIT_FINDING;
	}
	rig_state_free(got);
}

static void check(struct run *run)
{
	struct rig_verdict verdict;

	if (run->machine->check->failures) {
		fprintf(stderr, "kmemrig: %lu checks failed, the last one: %s\n",
			run->machine->check->failures, run->machine->check->last_check);
		run->exit_code = RIG_EXIT_BROKEN;
	}
	if (!run->options.check_tier ||
	    rig_machine_check(run->machine, run->options.check_tier, &verdict))
		return;
	fprintf(stderr, "kmemrig: %s: %s\n", verdict.name, verdict.detail);
	run->exit_code = RIG_EXIT_BROKEN;
}

static void replay(struct run *run, char *error)
{
	double start = now();
	bool good;

	run->engine.machine = run->machine;
	run->engine.log = &run->log;
	run->engine.state = run->state;
	run->engine.show = run->options.show;
	run->engine.what_if = run->options.what_if;
	run->engine.from_state = run->options.machine.state_path && !run->options.machine.fresh;
	run->counter = (struct counter){ { .emit = count_event, .wanted = RIG_WANT_ALL },
					 run->report.written };
	rig_event_attach(run->machine, &run->counter.sink);
	run->failures = rig_failures_watch(run->machine);
	good = run->options.objects ? rig_engine_run_objects(&run->engine, error)
				    : rig_engine_run_pages(&run->engine, error);
	rig_failures_stop(run->failures);
	rig_event_detach(run->machine, &run->counter.sink);
	if (!good)
		run->exit_code = rig_usage_error("%s", error);
	run->report.seconds = now() - start;
	run->report.faults_injected = run->report.written[RIG_EVENT_fault_injected];
}

static void tell(struct run *run)
{
	if (run->options.json && run->options.objects)
		rig_engine_count_live(&run->engine);
	run->report.engine = &run->engine;
	run->report.log = &run->log;
	run->report.symbols = run->symbols;
	run->report.failures = run->failures;
	run->report.level = run->options.objects ? "object" : "page";
	run->report.backend = run->machine->slab->name;
	if (!run->options.json)
		rig_replay_print(&run->report, stdout);
	else if (!rig_replay_print_json(&run->report, stdout))
		run->exit_code = rig_usage_error("standard output: can't be written");
}

int rig_command_replay(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	char error[RIG_COMMAND_ERROR], broken[RIG_TRACE_ERROR];
	double start;
	bool whole;
	int code;

	if (!run)
		return rig_usage_error("no host memory");
	argp_parse(&argp, argc, argv, 0, NULL, &run->options);
	if (run->options.kallsyms) {
		run->symbols = rig_symbols_open(run->options.kallsyms, error);
		if (!run->symbols) {
			free(run);
			return rig_usage_error("%s", error);
		}
	}
	start = now();
	whole = rig_trace_log_read(&run->log, run->options.traces, run->options.nr_traces, broken);
	run->report.seconds_reading = now() - start;
	if (!whole && !run->log.nr) {
		run->exit_code = rig_usage_error("%s", broken);
	} else if (!prepare(run, error)) {
		run->exit_code = rig_usage_error("%s", error);
	} else {
		replay(run, error);
		compare(run);
		check(run);
		end_trace(run);
		make_report(run);
		tell(run);
		if (!whole)
			run->exit_code = rig_usage_error("%s", broken);
	}
	code = run->exit_code;
	rig_failures_free(run->failures);
	rig_machine_destroy(run->machine);
	rig_state_free(run->state);
	rig_state_free(run->expected);
	free((u8 *)run->options.machine.taken);
	rig_trace_log_free(&run->log);
	rig_symbols_close(run->symbols);
	free(run);
	return code;
}
