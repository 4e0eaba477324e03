// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig show: /proc files of a machine, in the kernel's formats: one that boots from a device
 * tree, or one in a recorded state.
 */
#include <kmemrig/backend.h>
#include <kmemrig/command.h>
#include <kmemrig/cpu.h>
#include <kmemrig/proc.h>

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "command_machine.h"

struct options {
	struct rig_machine_source machine;
	const char *file;
};

enum { OPTION_CMDLINE = 256 };

static const struct argp_option argp_options[] = {
	{ "state", 's', "FILE", 0, "show this recorded state", 0 },
	{ "machine", 'm', "NAME|FILE", 0, "show this machine after boot: a device tree", 0 },
	{ "backend", 'b', "NAME|FILE.so", 0, "slab backend: slub (default), slab, slob, ...", 0 },
	{ "command-line", OPTION_CMDLINE, "TEXT", 0, "kernel parameters", 0 },
	{ 0 }
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		options->machine.state_path = argument;
		break;
	case 'm':
		options->machine.machine = argument;
		break;
	case 'b':
		options->machine.backend = argument;
		break;
	case OPTION_CMDLINE:
		options->machine.command_line = argument;
		break;
	case ARGP_KEY_ARG:
		if (options->file)
			argp_error(state, "one file at a time: %s or %s", options->file, argument);
		options->file = argument;
		break;
	case ARGP_KEY_END:
		if (!options->file)
			argp_error(state, "which file?");
		if (options->machine.state_path && options->machine.machine)
			argp_error(state, "--state and --machine exclude each other");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	argp_options,
	parse,
	"FILE",
	"Shows a /proc file of a machine in the kernel's format: buddyinfo, slabinfo, zoneinfo, "
	"pagetypeinfo, vmallocinfo, vmstat, meminfo, iomem."
	"\vWithout --state and --machine it is a plain machine of 256 MiB.",
	NULL,
	NULL,
	NULL
};

static bool known(const char *file, char *error, size_t size)
{
	size_t used;

	for (size_t i = 0; rig_proc_names[i]; i++)
		if (!strcmp(file, rig_proc_names[i]))
			return true;
	used = (size_t)snprintf(error, size, "unknown file '%s'; there are:", file);
	for (size_t i = 0; rig_proc_names[i] && used < size; i++)
		used += (size_t)snprintf(error + used, size - used, " %s", rig_proc_names[i]);
	return false;
}

/* A state's slabs are SLUB's: on another backend only its pages are there. */
static bool wants_objects(const struct options *options)
{
	return options->machine.state_path &&
	       (!options->machine.backend || !strcmp(options->machine.backend, "slub"));
}

int rig_command_show(int argc, char **argv)
{
	struct options options = { 0 };
	struct rig_state *state = NULL;
	struct rig_machine *machine;
	char error[RIG_COMMAND_ERROR];
	int code = RIG_EXIT_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!known(options.file, error, sizeof(error)) ||
	    (options.machine.backend &&
	     !rig_command_backend_known(options.machine.backend, error, sizeof(error))))
		return rig_usage_error("%s", error);
	options.machine.objects = wants_objects(&options);
	machine = rig_machine_from(&options.machine, &state, error);
	if (!machine) {
		rig_state_free(state);
		return rig_usage_error("%s", error);
	}
	rig_cpu_enter(&machine->cpus[0]);
	if (!rig_proc_write(machine, options.file, stdout) || fflush(stdout))
		code = rig_usage_error("%s: can't be written", options.file);
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	rig_state_free(state);
	return code;
}
