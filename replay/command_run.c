// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig run: a script of ops in, one line of result for each op that answers out.
 *
 * The whole script is read before its first op is performed: a wrong line costs nothing.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/command.h>
#include <kmemrig/input.h>
#include <kmemrig/machine.h>
#include <kmemrig/op.h>
#include <kmemrig/vmalloc.h>

#define ERROR_SIZE RIG_INPUT_ERROR
#define DEFAULT_MEMORY (1ULL << 30)

enum {
	OPTION_TIER = 256,
	OPTION_VMALLOCINFO,
	OPTION_COMMAND_LINE,
	OPTION_OPS,
	OPTION_FRESH,
};

static const struct argp_option options[] = {
	{ "backend", 'b', "NAME|FILE.so", 0,
	  "Slab allocator: slub (default), slab, slob, or a plug-in", 0 },
	{ "page-backend", 'p', "NAME", 0, "Page allocator: page (default), or a reference model",
	  0 },
	{ "memory", 'm', "SIZE", 0, "Memory of the machine, as 64M or 1G (default 1G)", 0 },
	{ "cpus", 'c', "NUMBER", 0, "CPUs of the machine (default: those that the script names)",
	  0 },
	{ "command-line", OPTION_COMMAND_LINE, "TEXT", 0,
	  "The kernel's command line, as \"slub_debug=FZ slab_nomerge\"", 0 },
	{ "seed", 's', "NUMBER", 0, "Seed of everything that uses chance (default 0)", 0 },
	{ "short", 'q', NULL, 0, "Answer ok or NULL instead of addresses", 0 },
	{ "check", OPTION_TIER, "TIER", 0, "Check the machine up to tier 1, 2 or 3 after each op",
	  0 },
	{ "vmallocinfo", OPTION_VMALLOCINFO, "FILE", 0,
	  "Areas of the vmalloc space that are in use at first, as /proc/vmallocinfo shows them",
	  0 },
	{ "fresh", OPTION_FRESH, NULL, 0,
	  "Begin right after boot, not where the recorded kernels' kmalloc caches were", 0 },
	{ "list-ops", OPTION_OPS, NULL, 0, "List the ops of scripts, and exit", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct run {
	struct rig_machine_config config;
	struct rig_ops_config ops_config;
	struct rig_memory_range memory;
	enum rig_result_form form;
	const char *script;
	const char *vmallocinfo;
	struct rig_machine *machine;
	bool fresh;
	struct rig_op *ops;
	size_t nr_ops;
};

static void list_ops(void)
{
	for (int kind = 0; kind < RIG_NR_OPS; kind++)
		printf("%c %-32s %s\n", rig_op_descriptions[kind].letter,
		       rig_op_descriptions[kind].arguments, rig_op_descriptions[kind].meaning);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct run *run = state->input;
	u64 number = 0;

	if (key == 'c' || key == 's' || key == 'm' || key == OPTION_TIER) {
		if (!rig_parse_size(argument, &number))
			argp_error(state, "'%s' is not a number", argument);
	}
	switch (key) {
	case 'b':
		run->config.slab_backend = argument;
		break;
	case 'p':
		run->config.page_backend = argument;
		break;
	case 'm':
		run->memory.size = number & PAGE_MASK;
		break;
	case 'c':
		if (number < 1 || number > RIG_NR_CPUS)
			argp_error(state, "1 to %d CPUs are possible", RIG_NR_CPUS);
		run->config.nr_cpus = (int)number;
		break;
	case 's':
		run->config.seed = number;
		break;
	case 'q':
		run->form = RIG_RESULT_SHORT;
		break;
	case OPTION_TIER:
		if (number > 3)
			argp_error(state, "check tiers are 0 to 3");
		run->ops_config.check_tier = (int)number;
		break;
	case OPTION_VMALLOCINFO:
		run->vmallocinfo = argument;
		break;
	case OPTION_COMMAND_LINE:
		run->config.command_line = argument;
		break;
	case OPTION_FRESH:
		run->fresh = true;
		break;
	case OPTION_OPS:
		list_ops();
		exit(RIG_EXIT_OK);
	case ARGP_KEY_ARG:
		if (run->script)
			argp_error(state, "one script only");
		run->script = argument;
		break;
	case ARGP_KEY_END:
		if (!run->script)
			argp_error(state, "which script?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* Calls @each with each line (without its newline) and its number; false from it ends the walk. */
static bool for_each_line(char *text, bool (*each)(struct run *run, char *line, int number),
			  struct run *run)
{
	int number = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char *next = text[length] ? text + length + 1 : text + length;

		text[length] = '\0';
		if (!each(run, text, ++number))
			return false;
		text = next;
	}
	return true;
}

static bool read_op(struct run *run, char *line, int number)
{
	char error[128];

	if (rig_op_is_blank(line))
		return true;
	if ((run->nr_ops & (run->nr_ops - 1)) == 0) {
		size_t room = run->nr_ops ? run->nr_ops * 2 : 64;
		struct rig_op *ops = realloc(run->ops, room * sizeof(*ops));

		if (!ops) {
			rig_usage_error("%s:%d: out of memory", run->script, number);
			return false;
		}
		run->ops = ops;
	}
	if (!rig_op_parse(&run->ops[run->nr_ops], line, error, sizeof(error))) {
		rig_usage_error("%s:%d: %s", run->script, number, error);
		return false;
	}
	run->nr_ops++;
	return true;
}

static bool read_script(struct run *run)
{
	struct rig_input input;
	char error[ERROR_SIZE];
	bool read;

	if (!rig_input_read(&input, run->script, error)) {
		rig_usage_error("%s", error);
		return false;
	}
	read = strlen(input.data) == input.size;
	if (!read)
		rig_usage_error("%s: byte %zu: not a text", run->script, strlen(input.data));
	else
		read = for_each_line(input.data, read_op, run);
	rig_input_free(&input);
	return read;
}

/* As many CPUs, slots and caches as the script names. */
static void size_for_script(struct run *run)
{
	for (size_t i = 0; i < run->nr_ops; i++) {
		const struct rig_op *op = &run->ops[i];
		unsigned int slots = op->slot + (op->count ? op->count : 1);

		if (op->kind == RIG_OP_CPU && run->config.nr_cpus <= (int)op->cpu &&
		    op->cpu < RIG_NR_CPUS)
			run->config.nr_cpus = (int)op->cpu + 1;
		if (op->slot < RIG_OP_MAX_SLOTS && slots > run->ops_config.slots)
			run->ops_config.slots = slots;
		if (op->id < 4096 && op->id >= run->ops_config.caches)
			run->ops_config.caches = op->id + 1;
	}
}

/* "0xffffc90000000000-0xffffc90000005000   20480 caller+0x..." */
static bool occupy(struct run *run, char *line, int number)
{
	u64 start, end;
	int code = -EINVAL;

	if (rig_op_is_blank(line))
		return true;
	if (sscanf(line, "0x%" SCNx64 "-0x%" SCNx64, &start, &end) == 2 && start < end &&
	    start >= RIG_VMALLOC_START) {
		/* beyond the host's window: nothing of ours is placed there either */
		if (end - RIG_VMALLOC_START > run->machine->vmalloc_size)
			return true;
		code = rig_vmalloc_occupy(run->machine, start - RIG_VMALLOC_START, end - start,
					  VM_ALLOC, NULL);
	}
	if (code)
		rig_usage_error("%s:%d: %s", run->vmallocinfo, number,
				code == -EBUSY ? "areas overlap" : "not an area of vmallocinfo");
	return code == 0;
}

static bool occupy_areas(struct run *run)
{
	struct rig_input input;
	char error[ERROR_SIZE];
	bool read;

	if (!run->vmallocinfo)
		return true;
	if (!rig_input_read(&input, run->vmallocinfo, error)) {
		rig_usage_error("%s", error);
		return false;
	}
	read = for_each_line(input.data, occupy, run);
	rig_input_free(&input);
	return read;
}

static int perform(struct run *run)
{
	struct rig_ops *ops = rig_ops_create(run->machine, &run->ops_config);
	struct rig_progress progress;
	int code = RIG_EXIT_OK;

	if (!ops)
		return rig_usage_error("out of memory");
	if (!run->fresh)
		rig_ops_start_as_recorded(run->machine);
	rig_progress_begin(&progress, "ops", run->nr_ops);
	for (size_t i = 0; i < run->nr_ops && code == RIG_EXIT_OK; i++) {
		struct rig_op_result result;
		char text[400];

		rig_op_perform(ops, &run->ops[i], &result);
		rig_op_format_result(&run->ops[i], &result, run->form, text, sizeof(text));
		if (*text)
			puts(text);
		if (result.status == RIG_OP_BROKEN)
			code = RIG_EXIT_BROKEN;
		rig_progress_step(&progress, i + 1);
	}
	rig_progress_end(&progress);
	if (code == RIG_EXIT_OK)
		rig_ops_clear(ops);
	rig_ops_destroy(ops);
	return code;
}

int rig_command_run(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse_option,
		"SCRIPT",
		"Perform the ops of SCRIPT (- is standard input) on a simulated machine and print what "
		"each answers."
		"\vExit codes: 0 done, 2 bad input or usage, 3 misuse or a broken invariant.",
		NULL,
		NULL,
		NULL
	};
	struct run run = { .memory = { .size = DEFAULT_MEMORY }, .form = RIG_RESULT_FULL };
	char error[ERROR_SIZE];
	int code = RIG_EXIT_USAGE;

	rig_command_argp_defaults();
	argp_parse(&argp, argc, argv, 0, NULL, &run);
	if (run.config.slab_backend &&
	    !rig_command_backend_known(run.config.slab_backend, error, sizeof(error)))
		return rig_usage_error("%s", error);
	if (read_script(&run)) {
		size_for_script(&run);
		run.config.name = "run";
		run.config.memory = &run.memory;
		run.config.nr_memory = 1;
		run.machine = rig_machine_create(&run.config, error, sizeof(error));
		if (!run.machine)
			rig_usage_error("%s", error);
		else if (occupy_areas(&run))
			code = perform(&run);
	}
	rig_machine_destroy(run.machine);
	free(run.ops);
	return code;
}
