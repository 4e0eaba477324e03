/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of a program under `kmemrig fault`: start it with one allocation made to fail, wait,
 * read what its machine reported.
 */
#ifndef RIG_FAULT_RUN_H
#define RIG_FAULT_RUN_H

#include <linux/types.h>

struct fault_leak {
	char kind[16]; /* object, pages, vmalloc */
	u64 bytes;
	char site[160];
};

enum fault_outcome {
	FAULT_FINE,	 /* the program took it: it ended by itself, whatever it answered */
	FAULT_LEAK,	 /* more is left behind than without the failure */
	FAULT_MISUSE,	 /* it broke a contract of the allocators: exit code 3 */
	FAULT_SANITIZER, /* a sanitizer stopped it */
	FAULT_CRASH,	 /* a signal ended it */
	FAULT_HANG,	 /* it did not end in time */
};

struct fault_run {
	/* which */
	u64 nth; /* 0: none, the run that the others are held against */
	bool persistent;
	const char *gfp; /* only such allocations count; NULL: all */
	unsigned int timeout_s;
	char **arguments; /* of the program, NULL at the end */
	/* what came of it */
	bool started, finished; /* its machine was taken down in order */
	bool fired;
	u64 calls;    /* allocations that counted */
	u64 failures; /* made to fail */
	u64 bytes;    /* of the first that failed */
	unsigned int gfp_flags;
	char attribute[32];
	char site[160];
	struct fault_leak *leaks;
	size_t nr_leaks;
	enum fault_outcome outcome;
	int code;     /* exit status or signal */
	char *output; /* the program's, both streams */
};

/* Runs it. False: it could not be, and a line says why. What @run holds is freed by fault_run_end.
 */
bool fault_run(struct fault_run *run, char *error, size_t error_size);
void fault_run_end(struct fault_run *run);

/* Drops the leaks that @base has too; without any left over a FAULT_LEAK becomes FAULT_FINE. */
void fault_run_subtract(struct fault_run *run, const struct fault_run *base);

#endif
