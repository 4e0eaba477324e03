// SPDX-License-Identifier: GPL-2.0-only
/* Running the kmemrig command of this variant, and files made for a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <kmemrig/input.h>

#include "command.h"

#ifndef RIG_VARIANT
#define RIG_VARIANT "release"
#endif

char command_output[1 << 20];
char command_errors[1 << 16];
static char folder[64];

static void remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command))
		fprintf(stderr, "%s stays\n", folder);
}

const char *scratch(const char *name)
{
	static char paths[64][160];
	static int next;
	char *path = paths[next++ % 64];

	if (!folder[0]) {
		strcpy(folder, "/tmp/kmemrig-test-XXXXXX");
		if (!mkdtemp(folder))
			abort();
		atexit(remove_folder);
	}
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t got = file ? fread(text, 1, size - 1, file) : 0;

	text[got] = '\0';
	if (file)
		fclose(file);
}

int run_command(const char *arguments)
{
	char command[2048];
	const char *out = scratch("stdout"), *errors = scratch("stderr");
	int status;

	snprintf(command, sizeof(command), "build/%s/kmemrig %s >%s 2>%s", RIG_VARIANT, arguments,
		 out, errors);
	status = system(command);
	read_text(out, command_output, sizeof(command_output));
	read_text(errors, command_errors, sizeof(command_errors));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void expect_output(const char *part)
{
	if (!strstr(command_output, part))
		fail_msg("'%s' is not in the output:\n%.4000s\nerrors:\n%.2000s", part,
			 command_output, command_errors);
}

void expect_error(const char *part)
{
	if (!strstr(command_errors, part))
		fail_msg("'%s' is not in the errors:\n%.4000s", part, command_errors);
}

void expect_one_line(void)
{
	const char *newline = strchr(command_errors, '\n');

	if (strncmp(command_errors, "kmemrig: ", 9) || !newline || newline[1])
		fail_msg("not one line of ours:\n%.4000s", command_errors);
}

void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

char *read_file(const char *path, size_t *size)
{
	struct rig_input input;
	char error[RIG_INPUT_ERROR];

	if (!rig_input_read(&input, path, error))
		fail_msg("%s", error);
	*size = input.size;
	return input.data;
}
