// SPDX-License-Identifier: GPL-2.0-only
/*
 * A private LTTng session: create, record, stop, count, end. See kmemrig/session.h for the
 * contract; daemon.c has the daemon, control.c the lttng command.
 *
 * Invariant: what was started is ended in the reverse order, also when a step in between fails and
 * when the process exits (atexit). One session at a time, from one thread.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kmemrig/lttng.h>
#include <linux/kernel.h>

#include "private.h"

#define CHANNEL "kmem"
#define DEFAULT_SUBBUF_BYTES (4ULL << 20)
#define DEFAULT_NR_SUBBUFS 8
#define SNAPSHOT_SUBBUFS 8

static struct rig_session *open_session;

static void stop_at_exit(void)
{
	struct rig_session_result result;

	if (open_session)
		rig_session_stop(open_session, &result);
}

/* Runs one lttng command; its last line is the reason when it fails. */
static int control(struct rig_session *session, char *error, size_t error_size,
		   const char *const *arguments)
{
	struct rig_output *output = calloc(1, sizeof(*output));
	int status;

	if (!output)
		return -ENOMEM;
	status = rig_lttng_run(output, arguments);
	if (status) {
		char *end = output->text + strlen(output->text);
		char *line;

		while (end > output->text && end[-1] == '\n')
			*--end = '\0';
		line = strrchr(output->text, '\n');
		snprintf(error, error_size, "lttng %s: %s", arguments[0],
			 status < 0 ? strerror(-status)
			 : line	    ? line + 1
				    : output->text);
	}
	free(output);
	return status ? -EIO : 0;
}

#define CONTROL(session, error, size, ...)                                                         \
	control(session, error, size, (const char *const[]){ __VA_ARGS__, NULL })

static int make_output(struct rig_session *session, char *error, size_t error_size)
{
	const char *path = session->options.output;
	struct dirent *entry;
	DIR *folder;
	int result = 0;

	if (mkdir(path, 0777) && errno != EEXIST) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return -errno;
	}
	folder = opendir(path);
	if (!folder) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return -errno;
	}
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			snprintf(error, error_size, "%s: not empty", path);
			result = -ENOTEMPTY;
			break;
		}
	}
	closedir(folder);
	if (!result && !realpath(path, session->output)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		result = -errno;
	}
	return result;
}

static int make_clock(struct rig_session *session, char *error, size_t error_size)
{
	char plugin[PATH_MAX];
	int fd;

	if (rig_lttng_find("kmemrig-lttng-clock.so", plugin, sizeof(plugin))) {
		snprintf(error, error_size, "kmemrig-lttng-clock.so: not found");
		return -ENOENT;
	}
	snprintf(session->clock_file, sizeof(session->clock_file), "%s/kmemrig-clock-XXXXXX",
		 rig_session_temporary());
	fd = mkstemp(session->clock_file);
	if (fd < 0 || ftruncate(fd, sizeof(u64))) {
		snprintf(error, error_size, "%s: %s", session->clock_file, strerror(errno));
		return -errno;
	}
	close(fd);
	rig_session_setenv(session, "KMEMRIG_TRACE_CLOCK", session->clock_file);
	rig_session_setenv(session, "LTTNG_UST_CLOCK_PLUGIN", plugin);
	return 0;
}

/* Sub-buffers are powers of two of at least a page; the ring keeps two of them in reserve. */
static u64 subbuf_size(const struct rig_session_options *options)
{
	u64 wanted = options->subbuf_bytes ? options->subbuf_bytes : DEFAULT_SUBBUF_BYTES;
	u64 size = 65536;

	if (options->snapshot_bytes)
		wanted = DIV_ROUND_UP(options->snapshot_bytes, SNAPSHOT_SUBBUFS - 1);
	while (size < wanted)
		size *= 2;
	return size;
}

static int create(struct rig_session *session, char *error, size_t error_size)
{
	const struct rig_session_options *options = &session->options;
	char target[PATH_MAX + 16], live[32];

	if (options->url)
		snprintf(target, sizeof(target), "--set-url=%s", options->url);
	else
		snprintf(target, sizeof(target), "--output=%s", session->output);
	if (options->snapshot_bytes)
		return CONTROL(session, error, error_size, "create", session->name, "--snapshot",
			       target);
	if (options->live_us) {
		snprintf(live, sizeof(live), "--live=%u", options->live_us);
		return CONTROL(session, error, error_size, "create", session->name, live, target);
	}
	return CONTROL(session, error, error_size, "create", session->name, target);
}

static int enable_channel(struct rig_session *session, char *error, size_t error_size)
{
	const struct rig_session_options *options = &session->options;
	char size[48], count[32];
	unsigned int nr = options->nr_subbufs ? options->nr_subbufs : DEFAULT_NR_SUBBUFS;

	snprintf(size, sizeof(size), "--subbuf-size=%llu",
		 (unsigned long long)subbuf_size(options));
	snprintf(count, sizeof(count), "--num-subbuf=%u",
		 options->snapshot_bytes ? SNAPSHOT_SUBBUFS : nr);
	return CONTROL(session, error, error_size, "enable-channel", "--userspace", "--session",
		       session->name, size, count,
		       options->snapshot_bytes ? "--overwrite" : "--discard", CHANNEL);
}

static int enable_events(struct rig_session *session, char *error, size_t error_size)
{
	static const char *const all[] = { "kmem:*", "kmemrig:*", "vmscan:*", "compaction:*" };
	const struct rig_session_options *options = &session->options;
	const char *const *events = options->nr_events ? options->events : all;
	size_t nr = options->nr_events ? options->nr_events : ARRAY_SIZE(all);

	for (size_t i = 0; i < nr; i++) {
		int result = CONTROL(session, error, error_size, "enable-event", "--userspace",
				     "--session", session->name, "--channel", CHANNEL, events[i]);

		if (result)
			return result;
	}
	return 0;
}

static int add_contexts(struct rig_session *session, char *error, size_t error_size)
{
	const struct rig_session_options *options = &session->options;

	for (size_t i = 0; i < options->nr_contexts; i++) {
		const char *context = options->contexts[i];
		int result;

		/* LTTng has no call stacks in user space: our provider records them */
		if (strcmp(context, "callstack") == 0) {
			rig_session_setenv(session, "KMEMRIG_TRACE_CALLSTACK", "1");
			continue;
		}
		result = CONTROL(session, error, error_size, "add-context", "--userspace",
				 "--session", session->name, "--channel", CHANNEL, "--type",
				 context);
		if (result)
			return result;
	}
	return 0;
}

static int start(struct rig_session *session, char *error, size_t error_size)
{
	int result = 0;

	if (!session->options.url)
		result = make_output(session, error, error_size);
	if (!result && session->options.machine_clock)
		result = make_clock(session, error, error_size);
	if (!result)
		result = rig_daemon_start(session, error, error_size);
	if (!result)
		result = create(session, error, error_size);
	if (result)
		return result;
	session->running = true;
	result = enable_channel(session, error, error_size);
	if (!result)
		result = enable_events(session, error, error_size);
	if (!result)
		result = add_contexts(session, error, error_size);
	if (!result)
		result = CONTROL(session, error, error_size, "start", session->name);
	return result;
}

struct rig_session *rig_session_start(const struct rig_session_options *options, char *error,
				      size_t error_size)
{
	struct rig_session *session;
	struct rig_session_result ignored;
	static bool registered;

	if (open_session || (!options->output && !options->url) ||
	    (options->live_us && !options->url)) {
		snprintf(error, error_size, "%s",
			 open_session	    ? "a session is running already"
			 : options->live_us ? "a live session needs the URL of a relay daemon"
					    : "no output directory");
		return NULL;
	}
	session = calloc(1, sizeof(*session));
	if (!session) {
		snprintf(error, error_size, "no memory");
		return NULL;
	}
	session->options = *options;
	snprintf(session->name, sizeof(session->name), "kmemrig-%d", (int)getpid());
	if (!registered)
		registered = atexit(stop_at_exit) == 0;
	open_session = session;
	if (start(session, error, error_size)) {
		rig_session_stop(session, &ignored);
		return NULL;
	}
	rig_session_setenv(session, "KMEMRIG_TRACE", "lttng");
	if (options->snapshot_bytes)
		rig_session_setenv(session, "KMEMRIG_TRACE_SNAPSHOT", session->name);
	if (options->old_names)
		rig_session_setenv(session, "KMEMRIG_TRACE_OLD_NAMES", "1");
	if (options->follow_forks)
		rig_session_setenv(session, "LD_PRELOAD", "liblttng-ust-fork.so");
	return session;
}

int rig_session_snapshot(struct rig_session *session)
{
	char error[240];

	if (!session->options.snapshot_bytes || !session->running)
		return -EINVAL;
	return CONTROL(session, error, sizeof(error), "snapshot", "record", "--session",
		       session->name);
}

static int read_counts(struct rig_session *session, struct rig_session_result *result)
{
	struct rig_output *output = calloc(1, sizeof(*output));
	int status = -ENOMEM;

	if (output) {
		const char *const list[] = { "list", session->name, NULL };

		status = rig_lttng_run(output, list) ? -EIO : 0;
	}
	if (!status) {
		long long discarded = rig_sum_after(output->text, "Discarded events:");
		long long lost = rig_sum_after(output->text, "Lost packets:");

		/* of a snapshot session, which overwrites, none are kept */
		if (discarded < 0 && !session->options.snapshot_bytes)
			status = -EIO;
		result->discarded = discarded > 0 ? (u64)discarded : 0;
		result->lost_packets = lost > 0 ? (u64)lost : 0;
	}
	free(output);
	return status;
}

int rig_session_stop(struct rig_session *session, struct rig_session_result *result)
{
	char error[240];
	int status = 0;

	*result = (struct rig_session_result){ 0 };
	open_session = NULL;
	if (session->running) {
		if (CONTROL(session, error, sizeof(error), "stop", session->name))
			status = -EIO;
		if (read_counts(session, result))
			status = -EIO;
		if (CONTROL(session, error, sizeof(error), "destroy", session->name))
			status = -EIO;
	}
	if (rig_daemon_end(session))
		status = -EIO;
	if (session->clock_file[0]) {
		unlink(session->clock_file);
		if (session->running && session->output[0] &&
		    rig_clock_offset_to_zero(session->output))
			status = -EIO;
	}
	free(session);
	return status;
}
