// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the subcommands share: the one-line error, argp's defaults, backend names, progress.
 */
#include <kmemrig/backend.h>
#include <kmemrig/command.h>

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/plugin.h>
#include <kmemrig/registry.h>

int rig_usage_error(const char *format, ...)
{
	va_list list;

	fflush(stdout);
	fputs("kmemrig: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return RIG_EXIT_USAGE;
}

void rig_command_argp_defaults(void)
{
	argp_err_exit_status = RIG_EXIT_USAGE;
	argp_program_version = "kmemrig " RIG_VERSION " (Linux 6.1 allocators)";
}

bool rig_parse_size(const char *text, u64 *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	errno = 0;
	*size = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	if (unit) {
		int shift = 10 * (int)(unit - units + 1);

		if (*size > UINT64_MAX >> shift)
			return false;
		*size <<= shift;
	}
	return true;
}

bool rig_command_backend_known(const char *name, char *error, size_t error_size)
{
	size_t used;

	if (rig_is_plugin(name)) {
		if (!access(name, R_OK))
			return true;
		snprintf(error, error_size, "backend %s: no such file", name);
		return false;
	}
	if (rig_find_slab_backend(name))
		return true;
	used = (size_t)snprintf(error, error_size, "unknown backend '%s'; there are:", name);
	for (const struct slab_backend *const *backend = rig_slab_backends; *backend; backend++)
		if (used < error_size)
			used += (size_t)snprintf(error + used, error_size - used, " %s",
						 (*backend)->name);
	return false;
}

void rig_progress_begin(struct rig_progress *progress, const char *what, u64 total)
{
	*progress = (struct rig_progress){ .what = what,
					   .total = total,
					   .terminal = isatty(STDERR_FILENO) };
}

void rig_progress_step(struct rig_progress *progress, u64 done)
{
	/* a line for each 65,536 steps: short work shows none */
	if (!progress->terminal || done - progress->shown < 65536)
		return;
	progress->shown = done;
	if (progress->total)
		fprintf(stderr, "\r%s %llu of %llu (%llu%%)", progress->what,
			(unsigned long long)done, (unsigned long long)progress->total,
			(unsigned long long)(done * 100 / progress->total));
	else
		fprintf(stderr, "\r%s %llu", progress->what, (unsigned long long)done);
}

void rig_progress_end(struct rig_progress *progress)
{
	if (progress->terminal && progress->shown)
		fprintf(stderr, "\r\033[K");
}
