// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files and folders that are named, before anybody decodes them: what is missing, empty or cut
 * off is said here, with its place; what is packed is unpacked into a memory file.
 */
#include <kmemrig/command.h>
#include <kmemrig/input.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kmemrig/ctf_folder.h>
#include "stat.h"

static struct rig_stat_input *add(struct rig_stat_inputs *inputs, const char *name)
{
	struct rig_stat_input *items =
		realloc(inputs->items, (inputs->nr + 1) * sizeof(*inputs->items));

	if (!items)
		abort();
	inputs->items = items;
	items = &items[inputs->nr++];
	*items = (struct rig_stat_input){ .name = strdup(name), .fd = -1 };
	return items;
}

static void add_ctf(struct rig_stat_inputs *inputs, const char *folder)
{
	struct rig_stat_input *input;
	char error[RIG_CTF_ERROR];
	bool replaced;

	if (!rig_ctf_metadata_whole(folder, error)) {
		rig_usage_error("%s", error);
		inputs->bad = true;
		return;
	}
	input = add(inputs, folder);
	input->ctf = true;
	replaced = rig_ctf_cut_begin(&input->cut, folder);
	if (input->cut.cut) {
		rig_usage_error("%s", input->cut.why);
		inputs->bad = true;
	}
	input->plain = strdup(replaced ? input->cut.folder : folder);
}

static void add_folder(struct rig_stat_inputs *inputs, const char *path)
{
	char *traces[RIG_CTF_MAX_TRACES];
	int nr = rig_ctf_find_traces(path, traces);

	if (!nr) {
		rig_usage_error("%s: no file 'metadata' in it or below: no CTF trace", path);
		inputs->bad = true;
	}
	for (int i = 0; i < nr; i++) {
		add_ctf(inputs, traces[i]);
		free(traces[i]);
	}
}

/* Another process finds it under this name as long as this one lives. */
static void add_unpacked(struct rig_stat_inputs *inputs, const char *path)
{
	char error[RIG_INPUT_ERROR], plain[64];
	struct rig_stat_input *added;
	struct rig_input input;
	int fd = -1;

	if (!rig_input_read(&input, path, error)) {
		rig_usage_error("%s", error);
		inputs->bad = true;
	} else if (!input.size) {
		rig_usage_error("%s: byte 0: the file is empty", path);
		inputs->bad = true;
	}
	if (input.size) {
		fd = rig_input_memory_file(&input, path, error);
		inputs->bad |= fd < 0 && rig_usage_error("%s", error);
	}
	rig_input_free(&input);
	if (fd < 0)
		return;
	added = add(inputs, strcmp(path, "-") ? path : "standard input");
	snprintf(plain, sizeof(plain), "/proc/%d/fd/%d", (int)getpid(), fd);
	added->plain = strdup(plain);
	added->fd = fd;
}

static bool is_packed(const char *path)
{
	unsigned char magic[6] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool packed = fd >= 0 && pread(fd, magic, sizeof(magic), 0) > 3 &&
		      (!memcmp(magic, "\3757zXZ\0", 6) || !memcmp(magic, "\x28\xb5\x2f\xfd", 4));

	if (fd >= 0)
		close(fd);
	return packed;
}

static void add_path(struct rig_stat_inputs *inputs, const char *path)
{
	struct stat about;

	if (!strcmp(path, "-")) {
		add_unpacked(inputs, path);
	} else if (stat(path, &about) || access(path, R_OK)) {
		rig_usage_error("%s: %s", path, strerror(errno));
		inputs->bad = true;
	} else if (S_ISDIR(about.st_mode)) {
		add_folder(inputs, path);
	} else if (!S_ISREG(about.st_mode) || !about.st_size || is_packed(path)) {
		add_unpacked(inputs, path);
	} else {
		add(inputs, path)->plain = strdup(path);
	}
}

void rig_stat_inputs_open(struct rig_stat_inputs *inputs, char **traces, size_t nr_traces)
{
	*inputs = (struct rig_stat_inputs){ 0 };
	for (size_t i = 0; i < nr_traces; i++)
		add_path(inputs, traces[i]);
}

void rig_stat_inputs_close(struct rig_stat_inputs *inputs)
{
	for (size_t i = 0; i < inputs->nr; i++) {
		struct rig_stat_input *input = &inputs->items[i];

		rig_ctf_cut_end(&input->cut);
		if (input->fd >= 0)
			close(input->fd);
		free(input->name);
		free(input->plain);
	}
	free(inputs->items);
}
