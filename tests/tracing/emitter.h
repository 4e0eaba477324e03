/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine without memory that only emits: what tests of sinks need. */
#ifndef TESTS_TRACING_EMITTER_H
#define TESTS_TRACING_EMITTER_H

#include <kmemrig/machine.h>

struct emitter {
	struct rig_machine machine;
	struct rig_cpu cpus[4];
};

void emitter_init(struct emitter *emitter);

/* One event of each kind and CPU, @rounds times; time goes on by a microsecond a round. */
void emitter_run(struct emitter *emitter, unsigned long rounds);

/* Events of one round. */
#define EMITTER_EVENTS_PER_ROUND 14

/* @threads threads of @count kmalloc events each, as fast as they can; one CPU each. */
void emitter_hammer(struct emitter *emitter, unsigned int threads, unsigned long count);

#endif
