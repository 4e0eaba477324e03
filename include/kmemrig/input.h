/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that come in: read whole, and unpacked on the way where they are .xz or .zst. */
#ifndef KMEMRIG_INPUT_H
#define KMEMRIG_INPUT_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <sys/types.h>

#define RIG_INPUT_ERROR 400

/* A file's contents; data[size] is a NUL, so that text can be read as a string. */
struct rig_input {
	char *data;
	size_t size; /* bytes */
	bool packed; /* it was compressed */
};

/*
 * Reads @path ("-": standard input) and unpacks it if its first bytes say xz or zstd. False: one
 * line with file and place in @error (RIG_INPUT_ERROR bytes). A compressed file that ends early
 * gives what could be unpacked (@input is valid and is freed by the caller) and false.
 */
bool rig_input_read(struct rig_input *input, const char *path, char *error);
void rig_input_free(struct rig_input *input);

/* A descriptor of a memory file with the contents of @input; -1: @error, with @path. */
int rig_input_memory_file(const struct rig_input *input, const char *path, char *error);

/*
 * The first @size bytes of a file, or of its contents where it is packed. How many there were; -1:
 * @error.
 */
ssize_t rig_input_peek(const char *path, char *bytes, size_t size, char *error);

/*
 * For libraries that want a file name: a descriptor of the plain file or of a memory file with the
 * unpacked contents, and a path that leads to it (@plain, of @plain_size bytes). -1: @error.
 */
int rig_input_open_plain(const char *path, char *plain, size_t plain_size, char *error);

#endif
