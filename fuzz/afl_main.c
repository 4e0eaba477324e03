// SPDX-License-Identifier: GPL-2.0-only
/*
 * AFL++'s driver: persistent mode, inputs in shared memory. Started by hand with a file it runs
 * that file once, as every AFL++ program does.
 */
#include <stdio.h>
#include <unistd.h>

#include "run.h"

#define RUNS_PER_PROCESS 10000

__AFL_FUZZ_INIT();

int main(int argc, char **argv)
{
	const unsigned char *data;

	if (argc > 1 && !freopen(argv[1], "r", stdin)) {
		perror(argv[1]);
		return RIG_EXIT_USAGE;
	}
	__AFL_INIT();
	data = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(RUNS_PER_PROCESS))
		LLVMFuzzerTestOneInput(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
	return 0;
}
