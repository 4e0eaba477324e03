// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the module that it is linked with, as modprobe would, and unloads it:
 *
 *	PROGRAM [backend=NAME] [cpus=N] [mib=N] [expect=CODE] [PARAMETER=VALUE...]
 *
 * Exit 0: its init function answered @expect (0 if not said; tests that unload themselves answer
 * -EAGAIN), and every invariant of the machine holds. 1: it answered something else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

/* What start_kernel() calls by name. */
void radix_tree_init(void) __attribute__((weak));
void maple_tree_init(void) __attribute__((weak));
/* Not every module can be unloaded. */
extern __typeof__(cleanup_module) cleanup_module __attribute__((weak));

struct options {
	const char *backend;
	int cpus;
	unsigned long mib;
	int expect;
};

static bool take_option(struct options *options, const char *text)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : 0;

	if (!value)
		return false;
	value++;
	if (strncmp(text, "backend=", length + 1) == 0)
		options->backend = value;
	else if (strncmp(text, "cpus=", length + 1) == 0)
		options->cpus = atoi(value);
	else if (strncmp(text, "mib=", length + 1) == 0)
		options->mib = strtoul(value, NULL, 10);
	else if (strncmp(text, "expect=", length + 1) == 0)
		options->expect = atoi(value);
	else
		return false;
	return true;
}

static int load(const struct options *options)
{
	int code;

	if (radix_tree_init)
		radix_tree_init();
	if (maple_tree_init)
		maple_tree_init();
	code = rig_do_initcalls();
	if (code)
		fprintf(stderr, "module: a boot function answered %d\n", code);
	code = init_module();
	if (code == 0 && cleanup_module)
		cleanup_module();
	rcu_barrier();
	if (code != options->expect)
		fprintf(stderr, "module: init answered %d, not %d\n", code, options->expect);
	return code == options->expect ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options = { .cpus = 1, .mib = 256 };
	struct rig_memory_range memory = { .size = 0 };
	struct rig_machine_config config = { .memory = &memory, .nr_memory = 1 };
	struct rig_verdict verdict = { .name = NULL };
	char error[200];
	struct rig_machine *machine;
	int code;

	for (int i = 1; i < argc; i++) {
		code = take_option(&options, argv[i]) ? 0 : rig_module_parameter(argv[i]);
		if (code) {
			fprintf(stderr, "module: %s: %s\n", argv[i], strerror(-code));
			return 2;
		}
	}
	memory.size = options.mib << 20;
	config.nr_cpus = options.cpus;
	config.slab_backend = options.backend;
	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine) {
		fprintf(stderr, "module: %s\n", error);
		return 2;
	}
	rig_cpu_enter(&machine->cpus[0]);
	code = load(&options);
	if (!rig_machine_check(machine, 2, &verdict)) {
		fprintf(stderr, "module: %s: %s\n", verdict.name, verdict.detail);
		code = 3;
	}
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
	return code;
}
