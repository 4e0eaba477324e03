// SPDX-License-Identifier: GPL-2.0-only
/*
 * LTTng: events of a machine, recorded in a private session, read back by babeltrace2. Each
 * session lives in a child process, since LTTng registers once in a process.
 *
 * "test_lttng fail ROUNDS CODE" fails a check before the last two thirds of the rounds;
 * "test_lttng emit ROUNDS" and "test_lttng hammer THREADS COUNT" only emit; "test_lttng fork
 * ROUNDS" emits in a child, then in itself. For the scripts of this folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <kmemrig/lttng.h>
#include <kmemrig/session.h>

#include "emitter.h"

static char folder[64];

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/kmemrig-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* In a child: session, events, stop. Exit code 0: nothing was discarded. */
static int record(const char *output, const struct rig_session_options *base, unsigned long rounds)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rig_session_options options = *base;
		struct rig_session_result result;
		struct rig_session *session;
		struct rig_event_sink *sink;
		struct emitter emitter;
		char error[300] = "";

		options.output = output;
		session = rig_session_start(&options, error, sizeof(error));
		sink = session ? rig_lttng_open(error, sizeof(error)) : NULL;
		if (!sink) {
			fprintf(stderr, "%s\n", error);
			_exit(9);
		}
		emitter_init(&emitter);
		rig_event_attach(&emitter.machine, sink);
		emitter_run(&emitter, rounds);
		rig_event_detach(&emitter.machine, sink);
		rig_lttng_close(sink);
		if (options.snapshot_bytes && rig_session_snapshot(session, "test"))
			_exit(8);
		if (rig_session_stop(session, &result))
			_exit(7);
		_exit(result.discarded ? 6 : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static unsigned long count(const char *path, const char *pattern)
{
	char command[400], line[64] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "babeltrace2 %s 2>/dev/null | grep -c -e '%s'", path,
		 pattern);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return strtoul(line, NULL, 10);
}

static void test_every_event_comes_back(void **state)
{
	struct rig_session_options options = { .machine_clock = true };

	assert_int_equal(record(folder, &options, 1000), 0);
	assert_int_equal(count(folder, " kmem:kmem_cache_alloc: "), 1000);
	assert_int_equal(count(folder, " kmem:kmalloc: "), 1000);
	assert_int_equal(count(folder, " kmem:mm_page_alloc: "), 2000);
	assert_int_equal(count(folder, " kmem:mm_page_free_batched: "), 1000);
	assert_int_equal(count(folder, " kmemrig:fault_injected: "), 1000);
	assert_int_equal(count(folder, " vmscan:mm_vmscan_direct_reclaim_begin: .*order = 3, "
				       "gfp_flags = ( \"GFP_KERNEL\" : container = 3264 )"),
			 1000);
	assert_int_equal(count(folder, " compaction:mm_compaction_end: .*migrate_pfn = 0x1200, .*"
				       "sync = ( \"sync\" : container = 1 ), "
				       "status = ( \"success\" : container = 8 ) }"),
			 1000);
	assert_int_equal(count(folder, " [kvc][a-z]*:[a-z]"),
			 1000 * EMITTER_EVENTS_PER_ROUND + count(folder, " kmemrig:task: "));
	/* people read names, programs numbers */
	assert_int_equal(
		count(folder, "gfp_flags = ( \"GFP_KERNEL|__GFP_ZERO\" : container = 3520 )"),
		1000);
	assert_int_equal(count(folder, "migratetype = ( \"MIGRATE_RECLAIMABLE\" : container = 2 )"),
			 1000);
	assert_int_equal(count(folder, "comm = \"worker/3\""), count(folder, "pid = 103"));
	/* the machine's time, to the nanosecond, from its boot */
	assert_int_equal(count(folder, "^\\[00:00:05.000001000\\]"), 2);
	assert_int_equal(count(folder, "^\\[00:00:05.001000"), EMITTER_EVENTS_PER_ROUND + 1);
}

static void test_the_same_run_gives_the_same_trace(void **state)
{
	struct rig_session_options options = { .machine_clock = true };
	char second[64], command[1024];

	assert_int_equal(record(folder, &options, 500), 0);
	snprintf(second, sizeof(second), "%.50s.2", folder);
	assert_int_equal(record(second, &options, 500), 0);
	snprintf(command, sizeof(command),
		 "babeltrace2 --no-delta %s >%s/a; "
		 "babeltrace2 --no-delta %s >%s/b; "
		 "cmp %s/a %s/b; code=$?; rm -r %s; exit $code",
		 folder, folder, second, folder, folder, folder, second);
	assert_int_equal(system(command), 0);
}

static void test_a_snapshot_holds_the_last_events(void **state)
{
	struct rig_session_options options = { .machine_clock = true, .snapshot_bytes = 1 << 20 };
	unsigned long held;

	assert_int_equal(record(folder, &options, 100000), 0);
	held = count(folder, " kmem:kfree: ");
	assert_in_range(held, 100, 99999);
	assert_int_equal(count(folder, "^\\[00:00:05.100000"), EMITTER_EVENTS_PER_ROUND + 1);
	assert_int_equal(count(folder, "^\\[00:00:05.000001"), 0);
}

static void test_contexts_and_call_stacks(void **state)
{
	static const char *const contexts[] = { "vpid", "procname" };
	struct rig_session_options options = { .contexts = contexts,
					       .nr_contexts = 2,
					       .callstack = true };

	assert_int_equal(record(folder, &options, 10), 0);
	assert_int_equal(count(folder, "kmem:kmalloc: .*procname = \"test_lttng\""), 10);
	/* this function is static: no dynamic symbol names it */
	assert_int_equal(count(folder, " kmemrig:callstack: .*stack = \"main;.*;"
				       "test_contexts_and_call_stacks;.*emitter_run.*"
				       "lines = \".*;test_lttng.c:[0-9]*;.*emitter.c:[0-9]*\""),
			 10 * EMITTER_EVENTS_PER_ROUND);
}

static void test_a_folder_in_use_is_refused(void **state)
{
	struct rig_session_options options = { 0 };
	char file[80];
	FILE *out;

	snprintf(file, sizeof(file), "%s/precious", folder);
	out = fopen(file, "w");
	assert_non_null(out);
	fclose(out);
	assert_int_equal(record(folder, &options, 1), 9);
	assert_int_equal(access(file, F_OK), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_event_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_same_run_gives_the_same_trace, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_snapshot_holds_the_last_events, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_contexts_and_call_stacks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_folder_in_use_is_refused, setup, teardown),
	};
	struct emitter emitter;
	char error[300];

	if (argc < 3)
		return cmocka_run_group_tests(tests, NULL, NULL);
	emitter_init(&emitter);
	if (rig_trace_attach(&emitter.machine, error, sizeof(error))) {
		fprintf(stderr, "%s\n", error);
		return 2;
	}
	/* scripts wait for this */
	puts("recording");
	fflush(stdout);
	if (strcmp(argv[1], "fork") == 0 && fork() != 0)
		wait(NULL);
	if (strcmp(argv[1], "hammer") == 0)
		emitter_hammer(&emitter, (unsigned int)atoi(argv[2]), strtoul(argv[3], NULL, 10));
	else
		emitter_run(&emitter, strtoul(argv[2], NULL, 10));
	if (strcmp(argv[1], "fail") == 0) {
		RIG_TRACE(&emitter.cpus[0], check_failed, .check = "test", .detail = "first");
		emitter_run(&emitter, 2 * strtoul(argv[2], NULL, 10));
		RIG_TRACE(&emitter.cpus[0], check_failed, .check = "test", .detail = "second");
	}
	rig_trace_detach(&emitter.machine);
	return argc > 3 && strcmp(argv[1], "hammer") != 0 ? atoi(argv[3]) : 0;
}
