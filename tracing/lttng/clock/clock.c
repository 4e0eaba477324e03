// SPDX-License-Identifier: GPL-2.0-only
/*
 * LTTng-UST clock plug-in (LTTNG_UST_CLOCK_PLUGIN): trace time is the simulated machine's time.
 *
 * The session daemon, the consumer daemon and the traced process all load it. They share the
 * clock through a mapped file, because the consumer stamps the packets that it closes: with a clock
 * of its own a packet would end before its events. The clock never goes back (the provider takes
 * care of that), reads are single 64-bit loads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lttng/ust-clock.h>

#include "clock.h"

uint64_t *rig_trace_clock;

static uint64_t read_clock(void)
{
	return rig_trace_clock ? __atomic_load_n(rig_trace_clock, __ATOMIC_RELAXED) : 0;
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
	int protection = PROT_READ | PROT_WRITE;
	void *address;

	if (fd < 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		protection = PROT_READ;
	}
	if (fd < 0)
		return;
	address = mmap(NULL, sizeof(uint64_t), protection, MAP_SHARED, fd, 0);
	close(fd);
	if (address != MAP_FAILED)
		rig_trace_clock = address;
}

void lttng_ust_clock_plugin_init(void);

void lttng_ust_clock_plugin_init(void)
{
	const char *path = getenv(RIG_TRACE_CLOCK_FILE);

	if (path)
		map_file(path);
	if (!rig_trace_clock || lttng_ust_trace_clock_set_read64_cb(read_clock) ||
	    lttng_ust_trace_clock_set_freq_cb(frequency) ||
	    lttng_ust_trace_clock_set_uuid_cb(uuid) || lttng_ust_trace_clock_set_name_cb(name) ||
	    lttng_ust_trace_clock_set_description_cb(description) ||
	    lttng_ust_enable_trace_clock_override()) {
		fprintf(stderr, "kmemrig: the machine's clock can't be the trace's clock\n");
		rig_trace_clock = NULL;
	}
}
