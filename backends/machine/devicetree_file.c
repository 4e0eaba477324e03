// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device trees from files: flattened ones as they are, sources through the program dtc, and the
 * shipped machines by name. A file is a flattened tree when it starts with the magic number.
 */
#include <errno.h>
#include <libfdt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/devicetree.h>

#define MOST_BYTES (64UL << 20)

extern char **environ;

/* Reads all of @in; NULL with errno (EFBIG above MOST_BYTES). */
static char *read_all(FILE *in, size_t *size)
{
	size_t room = 65536, length = 0;
	char *bytes = malloc(room), *more;

	while (bytes) {
		length += fread(bytes + length, 1, room - length, in);
		if (length < room)
			break;
		errno = EFBIG;
		more = room < MOST_BYTES ? realloc(bytes, room *= 2) : NULL;
		if (!more)
			free(bytes);
		bytes = more;
	}
	if (bytes && ferror(in)) {
		free(bytes);
		return NULL;
	}
	*size = length;
	return bytes;
}

static char *read_file(const char *path, size_t *size, char *error, size_t error_size)
{
	FILE *in = fopen(path, "rb");
	char *bytes = in ? read_all(in, size) : NULL;

	if (!bytes)
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	if (in)
		fclose(in);
	return bytes;
}

/*
 * dtc says "Error: FILE:LINE.COLUMN-COLUMN message" first; what it says then follows from that.
 * The first such line, or else the first line of any kind, becomes the message.
 */
static void explain(FILE *said, const char *path, char *error, size_t error_size)
{
	char line[512], first[512] = "";

	rewind(said);
	while (fgets(line, sizeof(line), said)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Error: ", 7) == 0) {
			char *space = strchr(line + 7, ' ');

			if (space)
				*space = '\0';
			snprintf(error, error_size, "%s: %s", line + 7,
				 space ? space + 1 : "dtc refuses it");
			return;
		}
		if (!*first)
			snprintf(first, sizeof(first), "%s", line);
	}
	snprintf(error, error_size, "%s: dtc: %.400s", path, *first ? first : "no reason given");
}

/* Runs dtc with its output and messages in two files. Its exit code; -errno when it can't start. */
static int run_dtc(const char *path, FILE *out, FILE *said)
{
	char *const arguments[] = { "dtc", "-q", "-I", "dts",	     "-O", "dtb",
				    "-o",  "-",	 "--", (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	int code, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(said), STDERR_FILENO);
	code = posix_spawnp(&pid, "dtc", &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		return -code;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static char *compile(const char *path, size_t *size, char *error, size_t error_size)
{
	FILE *out = tmpfile(), *said = tmpfile();
	char *blob = NULL;
	int code = -errno;

	if (out && said)
		code = run_dtc(path, out, said);
	if (code == -ENOENT) {
		snprintf(error, error_size,
			 "%s: dtc is not installed (Debian package device-tree-compiler)", path);
	} else if (code < 0) {
		snprintf(error, error_size, "%s: dtc: %s", path, strerror(-code));
	} else if (code > 0) {
		explain(said, path, error, error_size);
	} else {
		rewind(out);
		blob = read_all(out, size);
		if (!blob)
			snprintf(error, error_size, "%s: %s", path, strerror(errno));
	}
	if (out)
		fclose(out);
	if (said)
		fclose(said);
	return blob;
}

static const struct rig_shipped_machine *find_shipped(const char *name)
{
	for (const struct rig_shipped_machine *machine = rig_shipped_machines; machine->name;
	     machine++)
		if (strcmp(machine->name, name) == 0)
			return machine;
	return NULL;
}

/* "no such file" for a plain word: what could have been meant. */
static void list_machines(const char *name, char *error, size_t error_size)
{
	int length = snprintf(error, error_size, "%s: no such machine or file; machines:", name);

	for (const struct rig_shipped_machine *machine = rig_shipped_machines;
	     machine->name && length >= 0 && (size_t)length < error_size; machine++)
		length +=
			snprintf(error + length, error_size - (size_t)length, " %s", machine->name);
}

struct rig_devicetree *rig_devicetree_open(const char *name, char *error, size_t error_size)
{
	const struct rig_shipped_machine *shipped = find_shipped(name);
	struct rig_devicetree *tree;
	char *bytes, *blob;
	size_t size;

	if (shipped)
		return rig_devicetree_parse(shipped->blob, shipped->size, name, error, error_size);
	if (!strpbrk(name, "/.") && access(name, F_OK)) {
		list_machines(name, error, error_size);
		return NULL;
	}
	bytes = read_file(name, &size, error, error_size);
	if (bytes && (size < 4 || fdt_magic(bytes) != FDT_MAGIC)) {
		blob = compile(name, &size, error, error_size);
		free(bytes);
		bytes = blob;
	}
	tree = bytes ? rig_devicetree_parse(bytes, size, name, error, error_size) : NULL;
	free(bytes);
	return tree;
}
