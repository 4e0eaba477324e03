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
#define DEFAULT_TIMEOUT_S 60
#define WRITER_DIED_TIMEOUT_S 3

static struct rig_session *open_session;

static void stop_at_exit(void)
{
	struct rig_session_result result;

	if (open_session)
		rig_session_stop(open_session, &result);
}

static unsigned int timeout_ms(const struct rig_session *session)
{
	unsigned int seconds = session->options.timeout_s;

	if (!seconds)
		seconds = DEFAULT_TIMEOUT_S;
	/* LTTng waits for the end of that event, which never comes */
	if (session->writer_died && seconds > WRITER_DIED_TIMEOUT_S)
		seconds = WRITER_DIED_TIMEOUT_S;
	return 1000 * seconds;
}

/* Runs one lttng command; its last line is the reason when it fails. */
static int control(struct rig_session *session, char *error, size_t error_size,
		   const char *const *arguments)
{
	struct rig_output *output = calloc(1, sizeof(*output));
	int status;

	if (!output)
		return -ENOMEM;
	status =
		session->stuck ? -ETIMEDOUT : rig_lttng_run(output, timeout_ms(session), arguments);
	session->stuck = status == -ETIMEDOUT;
	if (status == -ETIMEDOUT) {
		snprintf(error, error_size, "lttng %s: no answer within %u s", arguments[0],
			 timeout_ms(session) / 1000);
	} else if (status) {
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

	session->made_output = mkdir(path, 0777) == 0;
	if (!session->made_output && errno != EEXIST) {
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

static int enable_event(struct rig_session *session, const char *name, char *error,
			size_t error_size)
{
	return CONTROL(session, error, error_size, "enable-event", "--userspace", "--session",
		       session->name, "--channel", CHANNEL, name);
}

static bool matches(const char *pattern, const char *name)
{
	size_t length = strcspn(pattern, "*");

	return pattern[length] ? strncmp(pattern, name, length) == 0 : strcmp(pattern, name) == 0;
}

/* What tells how to read the others is always recorded. */
static int enable_events(struct rig_session *session, char *error, size_t error_size)
{
	static const char *const all[] = { "kmem:*", "kmemrig:*", "vmscan:*", "compaction:*" };
	const struct rig_session_options *options = &session->options;
	const char *const *events = options->nr_events ? options->events : all;
	size_t nr = options->nr_events ? options->nr_events : ARRAY_SIZE(all);
	bool with_task = false, with_callstack = !options->callstack;
	int result = 0;

	for (size_t i = 0; i < nr && !result; i++) {
		result = enable_event(session, events[i], error, error_size);
		with_task |= matches(events[i], "kmemrig:task");
		with_callstack |= matches(events[i], "kmemrig:callstack");
	}
	if (!result && !with_task)
		result = enable_event(session, "kmemrig:task", error, error_size);
	if (!result && !with_callstack)
		result = enable_event(session, "kmemrig:callstack", error, error_size);
	return result;
}

static int add_contexts(struct rig_session *session, char *error, size_t error_size)
{
	const struct rig_session_options *options = &session->options;

	for (size_t i = 0; i < options->nr_contexts; i++) {
		const char *context = options->contexts[i];
		int result = CONTROL(session, error, error_size, "add-context", "--userspace",
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
	if (!result)
		result = rig_daemon_make_home(session, error, error_size);
	if (!result)
		result = rig_state_make(session, error, error_size);
	if (!result && session->options.machine_clock)
		result = rig_clock_make(session, error, error_size);
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

/* Nothing half-made is left. */
static void give_up(struct rig_session *session)
{
	char *output = session->made_output ? strdup(session->output) : NULL;
	struct rig_session_result ignored;

	rig_session_stop(session, &ignored);
	if (output)
		rmdir(output);
	free(output);
}

/* The environment of the processes to be traced. */
static void tell_processes(struct rig_session *session, const struct rig_session_options *options)
{
	char number[16];

	rig_session_setenv(session, "KMEMRIG_TRACE", "lttng");
	/* a program waits that long for the daemon, and no longer than it needs */
	snprintf(number, sizeof(number), "%u", timeout_ms(session));
	rig_session_setenv(session, "LTTNG_UST_REGISTER_TIMEOUT", number);
	if (options->snapshot_bytes)
		rig_session_setenv(session, "KMEMRIG_TRACE_SNAPSHOT", session->name);
	if (options->save_failures)
		rig_session_setenv(session, "KMEMRIG_TRACE_SNAPSHOT_FAILURES", "1");
	if (options->max_saved) {
		snprintf(number, sizeof(number), "%u", options->max_saved);
		rig_session_setenv(session, "KMEMRIG_TRACE_SNAPSHOT_MAX", number);
	}
	if (options->callstack)
		rig_session_setenv(session, "KMEMRIG_TRACE_CALLSTACK", "1");
	if (options->old_names)
		rig_session_setenv(session, "KMEMRIG_TRACE_OLD_NAMES", "1");
	if (options->follow_forks)
		rig_session_setenv(session, "KMEMRIG_TRACE_FORKS", "1");
}

struct rig_session *rig_session_start(const struct rig_session_options *options, char *error,
				      size_t error_size)
{
	struct rig_session *session;
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
		give_up(session);
		return NULL;
	}
	tell_processes(session, options);
	return session;
}

const char *rig_session_name(const struct rig_session *session)
{
	return session->name;
}

int rig_session_snapshot(struct rig_session *session, const char *name)
{
	char error[240];

	if (!session->options.snapshot_bytes || !session->running)
		return -EINVAL;
	return CONTROL(session, error, sizeof(error), "snapshot", "record", "--session",
		       session->name, "--name", name);
}

static int read_counts(struct rig_session *session, struct rig_session_result *result, char *error,
		       size_t error_size)
{
	const char *const list[] = { "list", session->name, NULL };
	struct rig_output *output = calloc(1, sizeof(*output));
	long long discarded, lost;
	int status;

	if (!output)
		return -ENOMEM;
	status = session->stuck ? -ETIMEDOUT : rig_lttng_run(output, timeout_ms(session), list);
	discarded = status ? -1 : rig_sum_after(output->text, "Discarded events:");
	lost = status ? -1 : rig_sum_after(output->text, "Lost packets:");
	free(output);
	/* of a snapshot session, which overwrites, no discarded events are counted */
	if (status || (discarded < 0 && !session->options.snapshot_bytes)) {
		snprintf(error, error_size, "lttng list: no count of discarded events");
		return -EIO;
	}
	result->discarded = discarded > 0 ? (u64)discarded : 0;
	result->lost_packets = lost > 0 ? (u64)lost : 0;
	return 0;
}

/* The first failure is the problem. */
static void note_problem(struct rig_session_result *result, const char *reason)
{
	if (!result->problem[0])
		snprintf(result->problem, sizeof(result->problem), "%s", reason);
}

static void end_session(struct rig_session *session, struct rig_session_result *result)
{
	char error[240];

	session->writer_died = rig_state_writer_died(session);
	if (session->writer_died)
		note_problem(result, "a process was killed while it wrote an event; the last "
				     "events of that CPU can't be read");
	if (CONTROL(session, error, sizeof(error), "stop", session->name))
		note_problem(result, error);
	if (read_counts(session, result, error, sizeof(error)))
		note_problem(result, error);
	if (CONTROL(session, error, sizeof(error), "destroy", session->name))
		note_problem(result, error);
}

int rig_session_stop(struct rig_session *session, struct rig_session_result *result)
{
	*result = (struct rig_session_result){ 0 };
	open_session = NULL;
	if (session->running)
		end_session(session, result);
	if (session->state && !rig_clock_offset_is_zero(session))
		note_problem(result, "the time stamps are not the machine's: its clock's offset "
				     "is not 0");
	rig_daemon_end(session, result->problem, sizeof(result->problem));
	result->writers = rig_state_writers(session);
	rig_state_drop(session);
	free(session);
	return result->problem[0] ? -EIO : 0;
}
