/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks, and what happens when one fails.
 *
 * Tiers, chosen per machine (machine->check_tier); each includes those below it:
 *
 *	0  contracts of the caller, always on: double free, wrong cache, foreign pointer, order
 *	   too high
 *	1  constant time: what an operation hands out or has in its hands
 *	2  the structure touched, after each operation: the lists of that order at both ends, their
 *	   counters, the next objects of a free list; a slab's free lists whole when the slab
 *	   changes hands. Backends without a check of what was touched check the whole cache.
 *	3  the whole machine
 *
 * rig_machine_check() walks all structures of the machine at tiers 2 and 3 alike.
 *
 * A check has a stable name ("page.buddy_coalesced"), changes nothing, and its verdict can't be
 * ignored. Misuse by the caller and broken invariants are reported in the kernel's wording with
 * the check's name, the CPU and where the object came from; then the run ends with exit code 3,
 * or goes on and counts it, as the machine's policy says.
 */
#ifndef KMEMRIG_CHECK_H
#define KMEMRIG_CHECK_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <stdarg.h>

struct rig_cpu;
struct rig_machine;

#define RIG_EXIT_OK 0
#define RIG_EXIT_FINDING 1
#define RIG_EXIT_USAGE 2
#define RIG_EXIT_BROKEN 3

/* What a whole-machine check found; name is NULL when all is well. */
struct rig_verdict {
	const char *name; /* of the check that failed; static */
	char detail[240]; /* what is broken, with pfn, zone, cache */
};

enum rig_on_failure {
	RIG_FAILURE_EXIT,  /* print, then exit(RIG_EXIT_BROKEN) */
	RIG_FAILURE_COUNT, /* print (the first few), count, go on: replays of foreign traces */
	RIG_FAILURE_ABORT, /* print, then abort(): fuzzers */
};

struct rig_check_policy {
	enum rig_on_failure on_failure;
	unsigned long failures;	   /* counted */
	unsigned long printed;	   /* so far */
	unsigned long print_limit; /* 0: all */
	char last_check[64];	   /* name of the last check that failed */
	/* Called with each failure before the policy acts (tests, flight recorder); may be NULL. */
	void (*hook)(struct rig_machine *machine, const char *check, const char *text, void *data);
	void *hook_data;
	/* Where printk lines go; NULL: stderr. */
	void (*print)(struct rig_machine *machine, const char *line, void *data);
	void *print_data;
};

/*
 * The caller broke a contract (tier 0). @check is the check's name, the text what happened.
 * Returns only under RIG_FAILURE_COUNT; the operation then does nothing.
 */
void rig_misuse(struct rig_cpu *cpu, const char *check, const char *format, ...) __printf(3, 4);

/* One of our own invariants does not hold. Same policy. */
void rig_broken(struct rig_machine *machine, const struct rig_verdict *verdict);

/* A line of the machine's kernel log (printk); the newline is added. */
void rig_log(struct rig_machine *machine, const char *format, ...) __printf(2, 3);

/*
 * Checks the whole machine up to @tier. Returns true when all holds; otherwise the first thing
 * that does not is in @verdict. Changes nothing; the machine's CPUs must be at rest.
 */
bool __must_check rig_machine_check(struct rig_machine *machine, int tier,
				    struct rig_verdict *verdict);

/* Fills @verdict and returns false, so that a check can end with "return rig_fails(...)". */
bool rig_fails(struct rig_verdict *verdict, const char *name, const char *format, ...)
	__printf(3, 4);

#endif
