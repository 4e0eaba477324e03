// SPDX-License-Identifier: GPL-2.0-only
/*
 * LTTng-UST clock plug-in (LTTNG_UST_CLOCK_PLUGIN): trace time is the simulated machine's time.
 *
 * The session daemon, the consumer daemon and the traced process all load it. They share the
 * clock through a mapped file, because the consumer stamps the packets that it closes: with a clock
 * of its own a packet would end before its events. The clock never goes back (the provider takes
 * care of that), reads are single 64-bit loads.
 *
 * The session daemon writes into the metadata how far the trace clock is from the wall clock: it
 * reads the trace clock, the wall clock, and the trace clock again. A simulated machine's clock
 * starts at 0 with its boot and has no such distance; what the daemon measures would differ from
 * run to run, and no callback of a clock plug-in says it. So the daemon has the plug-in preloaded
 * too, and between these two reads of the trace clock, both 0, its wall clock is 0: the offset
 * is 0 wherever the metadata goes, to a file or to a relay daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <lttng/ust-clock.h>

#include <kmemrig/trace_state.h>

/* For the provider: is this the process's trace clock? */
bool rig_trace_clock_is_used;

static struct rig_trace_state *state;
static bool in_session_daemon;
static __thread bool between_reads;

static uint64_t read_clock(void)
{
	if (in_session_daemon) {
		between_reads = !between_reads;
		__atomic_fetch_add(&state->measured, 1, __ATOMIC_RELAXED);
		return 0;
	}
	return __atomic_load_n(&state->now_ns, __ATOMIC_RELAXED);
}

/* Stands before the C library's only where it is preloaded: in LTTng's daemons. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	if (between_reads && clock == CLOCK_REALTIME) {
		*time = (struct timespec){ 0 };
		__atomic_fetch_add(&state->answered, 1, __ATOMIC_RELAXED);
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, clock, time);
}

static uint64_t frequency(void)
{
	return 1000000000;
}

static int uuid(char *text)
{
	memcpy(text, "6b6d656d-7269-4700-8000-636c6f636b00", LTTNG_UST_UUID_STR_LEN);
	return 0;
}

static const char *name(void)
{
	return "kmemrig";
}

static const char *description(void)
{
	return "Clock of the simulated machine, nanoseconds since its boot";
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *address;

	if (fd < 0)
		return;
	address = mmap(NULL, sizeof(struct rig_trace_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       0);
	close(fd);
	if (address != MAP_FAILED)
		state = address;
}

void lttng_ust_clock_plugin_init(void);

void lttng_ust_clock_plugin_init(void)
{
	const char *path = getenv(RIG_TRACE_STATE_FILE);

	in_session_daemon = strcmp(program_invocation_short_name, "lttng-sessiond") == 0;
	if (path)
		map_file(path);
	if (!state) {
		fprintf(stderr, "kmemrig: the machine's clock: %s: %s\n",
			path ? path : "no file in " RIG_TRACE_STATE_FILE, strerror(errno));
		return;
	}
	rig_trace_clock_is_used = !lttng_ust_trace_clock_set_read64_cb(read_clock) &&
				  !lttng_ust_trace_clock_set_freq_cb(frequency) &&
				  !lttng_ust_trace_clock_set_uuid_cb(uuid) &&
				  !lttng_ust_trace_clock_set_name_cb(name) &&
				  !lttng_ust_trace_clock_set_description_cb(description) &&
				  !lttng_ust_enable_trace_clock_override();
	if (!rig_trace_clock_is_used)
		fprintf(stderr, "kmemrig: the machine's clock can't be the trace's clock\n");
}
