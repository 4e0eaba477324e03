// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report of a replay: babeltrace2 with our sink over the trace that the replay wrote. It runs
 * as a process of its own, as a person would run it.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "html_report.h"

/* The folder of our babeltrace2 plugin: of a build tree, or of an installation. */
static bool find_plugin(char *folder, size_t size)
{
	static const char *const places[] = { "babeltrace", "../lib/babeltrace2/plugins" };
	char self[PATH_MAX], file[PATH_MAX + 100];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *here;

	if (length < 0)
		return false;
	self[length] = '\0';
	here = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s/babeltrace-plugin-kmemrig.so", here, places[i]);
		if (access(file, R_OK))
			continue;
		snprintf(folder, size, "%s/%s", here, places[i]);
		return true;
	}
	return false;
}

static void __attribute__((noreturn)) run(const char *folder, const char *trace, const char *output)
{
	char parameter[PATH_MAX + 16];

	snprintf(parameter, sizeof(parameter), "output=\"%s\"", output);
	execlp("babeltrace2", "babeltrace2", "--plugin-path", folder, trace, "-c",
	       "sink.kmemrig.report", "-p", parameter, (char *)NULL);
	_exit(127);
}

bool rig_html_report(const char *trace, const char *output, char *error, size_t error_size)
{
	char folder[PATH_MAX + 40];
	int status = -1;
	pid_t child;

	if (strpbrk(output, "\"\\")) {
		snprintf(error, error_size, "%s: no quotes and backslashes in a report's name",
			 output);
		return false;
	}
	if (!find_plugin(folder, sizeof(folder))) {
		snprintf(error, error_size, "%s: the babeltrace2 plugin is not there", output);
		return false;
	}
	fflush(NULL);
	child = fork();
	if (child == 0)
		run(folder, trace, output);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	snprintf(error, error_size, "%s: %s", output,
		 child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127
			 ? "babeltrace2 is not installed"
			 : "babeltrace2 made no report");
	return false;
}
