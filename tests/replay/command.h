/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the kmemrig command of this variant, and files made for a test. */
#ifndef TEST_REPLAY_COMMAND_H
#define TEST_REPLAY_COMMAND_H

#include <stddef.h>

#define SAMPLE "replay/samples/calm"
#define DATA "tests/replay/data"

/* What the last run printed: standard output, and standard error. */
extern char command_output[1 << 20];
extern char command_errors[1 << 16];

/* Runs "kmemrig ARGUMENTS"; returns its exit code, or 128 and the signal. */
int run_command(const char *arguments);

/* Fails the test with both texts unless @part is in the output (the errors). */
void expect_output(const char *part);
void expect_error(const char *part);

/* The errors are one line that begins with "kmemrig: ". */
void expect_one_line(void);

/*
 * A file (folder) of this test program's own in a scratch folder that is removed at its end; the
 * path is valid until then.
 */
const char *scratch(const char *name);
void write_file(const char *path, const void *bytes, size_t size);
/* All of a file, .xz and .zst unpacked; freed by the caller. */
char *read_file(const char *path, size_t *size);

#endif
