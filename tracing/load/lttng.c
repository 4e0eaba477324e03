// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding and loading the LTTng-UST provider on request. It is never unloaded: LTTng keeps threads
 * and registered probes in it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/lttng.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>

#define PROVIDER "kmemrig-lttng.so"

static int try_path(char *path, size_t size, const char *folder, const char *between,
		    const char *file)
{
	if (snprintf(path, size, "%s/%s%s", folder, between, file) >= (int)size)
		return -ENOENT;
	return access(path, R_OK) ? -ENOENT : 0;
}

static int try_around(char *path, size_t size, const char *program, const char *file)
{
	static const char *const between[] = { "", "../lib/kmemrig/", "kmemrig/", "../../" };
	char folder[PATH_MAX];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", program) >= (int)sizeof(folder))
		return -ENOENT;
	slash = strrchr(folder, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(between); i++)
		if (!try_path(path, size, folder, between[i], file))
			return 0;
	return -ENOENT;
}

int rig_lttng_find(const char *file, char *path, size_t size)
{
	const char *named = getenv("KMEMRIG_LTTNG");
	char program[PATH_MAX];
	ssize_t length;
	Dl_info info;

	if (named && *named) {
		if (strcmp(file, PROVIDER) == 0)
			return snprintf(path, size, "%s", named) < (int)size ? 0 : -ENOENT;
		if (!try_around(path, size, named, file))
			return 0;
	}
	length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length > 0) {
		program[length] = '\0';
		if (!try_around(path, size, program, file))
			return 0;
	}
	if (dladdr((void *)rig_lttng_find, &info) && info.dli_fname)
		return try_around(path, size, info.dli_fname, file);
	return -ENOENT;
}

struct rig_event_sink *rig_lttng_open(char *error, size_t error_size)
{
	struct rig_event_sink *(*open_sink)(unsigned int abi, char *reason, size_t size);
	struct rig_event_sink *sink;
	char path[PATH_MAX];
	void *provider;

	if (rig_lttng_find(PROVIDER, path, sizeof(path))) {
		snprintf(error, error_size,
			 PROVIDER " not found beside the program or in ../lib/kmemrig; "
				  "KMEMRIG_LTTNG can name it");
		return NULL;
	}
	provider = dlopen(path, RTLD_NOW | RTLD_NODELETE);
	if (!provider) {
		snprintf(error, error_size, "%s", dlerror());
		return NULL;
	}
	*(void **)&open_sink = dlsym(provider, "kmemrig_lttng_sink");
	snprintf(error, error_size, "%s: not a provider of this build", path);
	sink = open_sink ? open_sink(RIG_LTTNG_ABI, error, error_size) : NULL;
	return sink;
}

void rig_lttng_close(struct rig_event_sink *sink)
{
	free(sink);
}

int rig_trace_attach(struct rig_machine *machine, char *error, size_t error_size)
{
	const char *wanted = getenv("KMEMRIG_TRACE");

	if (!wanted || strcmp(wanted, "lttng") != 0)
		return 0;
	machine->trace = rig_lttng_open(error, error_size);
	if (!machine->trace)
		return -ENOENT;
	rig_event_attach(machine, machine->trace);
	return 0;
}

void rig_trace_detach(struct rig_machine *machine)
{
	if (!machine->trace)
		return;
	rig_event_detach(machine, machine->trace);
	rig_lttng_close(machine->trace);
	machine->trace = NULL;
}
