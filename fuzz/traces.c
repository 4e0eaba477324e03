// SPDX-License-Identifier: GPL-2.0-only
/* Reading a trace to its end: see traces.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/trace_event.h>

#include "traces.h"

/* A decoder that is stuck has to be given up before the fuzzer gives up on us. */
#define PATIENCE_MS 5000

/* libFuzzer's, where it is linked in: what a dying process does, which is to write a finding. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/*
 * The readers decode in a child, which trace-cmd's library makes die of broken files. That is what
 * the child is for, and no finding; ASAN_OPTIONS=log_path=FILE shows what a child died of.
 */
static void child_is_no_finding(void)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(NULL);
}

static void prepare(void)
{
	static bool prepared;

	rig_recording_set_patience(PATIENCE_MS);
	if (!prepared && pthread_atfork(NULL, NULL, child_is_no_finding))
		abort();
	prepared = true;
}

/* One line, always. */
static void expect_reason(const char *error)
{
	if (!error[0] || strchr(error, '\n'))
		abort();
}

void fuzz_read_trace(const char *path)
{
	char error[RIG_TRACE_ERROR] = "";
	struct rig_trace_reader *reader;
	enum rig_trace_status status = RIG_TRACE_EVENT;
	struct rig_trace_event event;

	prepare();
	reader = rig_trace_open(path, error);
	if (!reader) {
		expect_reason(error);
		return;
	}
	for (int i = 0; i < FUZZ_MAX_EVENTS && status == RIG_TRACE_EVENT; i++)
		status = rig_trace_next(reader, &event);
	if (status == RIG_TRACE_BROKEN)
		expect_reason(rig_trace_error(reader));
	rig_trace_cpus(reader);
	rig_trace_close(reader);
}

/* What was read is used, so that it is read. */
static volatile size_t looked_at;

static size_t look(const struct rig_recording_event *event)
{
	const struct rig_recording_class *class = event->class;
	size_t bytes = strlen(event->comm) + strlen(class->name);

	if (class->nr_fields > RIG_MAX_FIELDS)
		abort();
	for (unsigned int i = 0; i < class->nr_fields; i++) {
		bytes += strlen(class->fields[i].name);
		if (class->fields[i].type == RIG_FIELD_STRING)
			bytes += strlen(rig_recording_text(event, i));
		else
			bytes += event->number[i] & 1;
	}
	return bytes;
}

u64 fuzz_read_recording(const char *path)
{
	char error[RIG_RECORDING_ERROR] = "";
	struct rig_recording *recording;
	enum rig_recording_status status;
	struct rig_recording_event event;
	u64 events = 0;

	prepare();
	recording = rig_recording_open(path, 0, error);
	if (!recording) {
		expect_reason(error);
		return 0;
	}
	while ((status = rig_recording_next(recording, &event)) == RIG_RECORDING_EVENT &&
	       events < FUZZ_MAX_EVENTS) {
		looked_at += look(&event);
		events++;
	}
	if (status == RIG_RECORDING_BROKEN)
		expect_reason(rig_recording_error(recording));
	rig_recording_close(recording);
	return events;
}

bool fuzz_is_perf(const u8 *data, size_t size)
{
	return size >= 8 && !memcmp(data, "PERFILE2", 8);
}
