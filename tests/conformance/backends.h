/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same tests for every slab backend: those of the build, and the plug-ins beside the tests.
 * A test is a function of a struct conformance, which holds a fresh machine with the backend.
 */
#ifndef TESTS_CONFORMANCE_BACKENDS_H
#define TESTS_CONFORMANCE_BACKENDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/kmem.h>
#include <kmemrig/machine.h>
#include <linux/slab.h>

struct conformance {
	const char *backend; /* name or path */
	int nr_cpus;
	unsigned long memory; /* bytes */
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	/* misuse is counted, not fatal: the last check's name, and how many there were */
	char check[64];
	unsigned long failures;
};

/* Makes the machine and enters its CPU 0; fails the test if it can't. */
void conformance_start(struct conformance *test);
/* Checks everything, ends the machine. */
void conformance_end(struct conformance *test);
/* Every invariant of the machine holds, or the test fails with what does not. */
void conformance_check(const struct conformance *test);

/* Free pages of the machine, per-CPU lists drained. */
unsigned long conformance_free_pages(struct conformance *test);

/*
 * Runs @tests (whose names get the backend's in front) on each backend. @nr_cpus, @memory: of the
 * machines; 0: one CPU, 64 MiB. Returns the number of failures.
 */
struct conformance_test {
	const char *name;
	void (*run)(struct conformance *test);
	bool simulated; /* asks for simulated memory: not for baselines on the host's */
};

int conformance_run(const char *group, const struct conformance_test *tests, size_t nr, int nr_cpus,
		    unsigned long memory);
#define CONFORMANCE_RUN(group, tests, nr_cpus, memory)                                             \
	conformance_run(group, tests, sizeof(tests) / sizeof((tests)[0]), nr_cpus, memory)

/* The folder of the running program: where plug-ins of the tests are. */
const char *conformance_folder(void);

/* A fixed stream of numbers, the same everywhere. */
unsigned int conformance_random(unsigned long *state);

#endif
