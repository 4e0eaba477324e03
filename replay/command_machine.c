// SPDX-License-Identifier: GPL-2.0-only
/* The machine that a subcommand works on: from a recorded state, a device tree, or a plain size. */
#if __has_include(<kmemrig/devicetree.h>)
#include <kmemrig/devicetree.h>
#define HAVE_DEVICETREE 1
#endif

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "command_machine.h"

#define DEFAULT_MEMORY (256ULL << 20)

/* What the command line says beats what the description says. */
static void apply(struct rig_machine_config *config, const struct rig_machine_source *source)
{
	if (source->backend)
		config->slab_backend = source->backend;
	if (source->page_backend)
		config->page_backend = source->page_backend;
	if (source->command_line)
		config->command_line = source->command_line;
	config->check_tier = source->check_tier;
}

static struct rig_machine *from_state(const struct rig_machine_source *source,
				      struct rig_state **state, char *error)
{
	struct rig_machine_config config = { .name = "state" };
	struct stat about;

	if (stat(source->state_path, &about) == 0 && S_ISDIR(about.st_mode))
		*state = rig_state_from_proc(source->state_path, source->log, error);
	else
		*state = rig_state_read(source->state_path, error);
	if (!*state)
		return NULL;
	apply(&config, source);
	if (source->taken)
		rig_state_take_pages(*state, source->taken, source->nr_taken_bits);
	if (source->more && !rig_state_add_memory(*state, source->memory, error))
		return NULL;
	if (source->fresh)
		return rig_state_boot_machine(*state, &config, error);
	return rig_state_make_machine(*state, &config, source->objects, error);
}

static struct rig_machine *from_tree(const struct rig_machine_source *source, char *error)
{
#ifdef HAVE_DEVICETREE
	struct rig_devicetree *tree =
		rig_devicetree_open(source->machine, error, RIG_COMMAND_ERROR);
	struct rig_machine_config config;
	struct rig_machine *machine;
	char reason[300];

	if (!tree)
		return NULL;
	config = tree->config;
	apply(&config, source);
	machine = rig_machine_create(&config, reason, sizeof(reason));
	if (!machine)
		snprintf(error, RIG_COMMAND_ERROR, "%s: %s", source->machine, reason);
	rig_devicetree_close(tree);
	return machine;
#else
	snprintf(error, RIG_COMMAND_ERROR, "%s: this build reads no device trees", source->machine);
	return NULL;
#endif
}

static struct rig_machine *from_size(const struct rig_machine_source *source, char *error)
{
	struct rig_memory_range memory = { .size = source->memory ? source->memory
								  : DEFAULT_MEMORY };
	struct rig_machine_config config = {
		.name = "plain", .memory = &memory, .nr_memory = 1, .nr_cpus = source->nr_cpus
	};

	apply(&config, source);
	return rig_machine_create(&config, error, RIG_COMMAND_ERROR);
}

struct rig_machine *rig_machine_from(const struct rig_machine_source *source,
				     struct rig_state **state, char *error)
{
	*state = NULL;
	if (source->state_path)
		return from_state(source, state, error);
	if (source->machine)
		return from_tree(source, error);
	return from_size(source, error);
}
