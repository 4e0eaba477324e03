// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kmemrig command: finds the subcommand in a table and runs it. Each subcommand reads its own
 * options; exit codes are those of kmemrig/check.h.
 */
#include <kmemrig/command.h>

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct command commands[] = {
	{ "replay", rig_command_replay, "replay a kernel's trace through the allocators" },
	{ "stat", rig_command_stat, "what a trace says about memory: failures, who holds what" },
	{ "run", rig_command_run, "run a script of ops, one result line an op" },
	{ "fuzz", rig_command_fuzz, "run a fuzz target: campaigns, triage, shrinking" },
	{ "fault", rig_command_fault, "run a program once per allocation, failing each in turn" },
	{ "trace", rig_command_trace, "a private LTTng session around a command" },
	{ "show", rig_command_show, "buddyinfo, slabinfo, zoneinfo ... in the kernel's formats" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out, "Usage: kmemrig COMMAND [OPTION...] [ARGUMENT...]\n"
		     "The Linux 6.1 memory allocators as a user-space rig.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out,
		"\n'kmemrig COMMAND --help' says more. 'kmemrig --version' says which this is.\n"
		"Exit codes: 0 as expected, 1 a finding, 2 bad input or usage, 3 broken\n"
		"invariant or misuse.\n");
}

static int unknown_command(const char *name)
{
	char names[256] = "";

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		strcat(names, i ? ", " : "");
		strcat(names, commands[i].name);
	}
	return rig_usage_error("unknown command '%s'; there are: %s", name, names);
}

int main(int argc, char **argv)
{
	char name[64];

	if (argc < 2) {
		print_help(stderr);
		return RIG_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return RIG_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("kmemrig %s (Linux 6.1 allocators)\n", RIG_VERSION);
		return RIG_EXIT_OK;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "kmemrig %s", argv[1]);
		argv[1] = name;
		rig_command_argp_defaults();
		return commands[i].run(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
