// SPDX-License-Identifier: GPL-2.0-only
/* The bundled recording of a real kernel, replayed: the kernel's own choices, to the last list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "command.h"

#define CALM                                                                                       \
	"--state " SAMPLE "/before.state.xz --expect-state " SAMPLE "/after.state.xz " SAMPLE      \
	"/trace.dat.xz"

static json_int_t number(const json_t *root, const char *part, const char *key)
{
	const json_t *value = json_object_get(part ? json_object_get(root, part) : root, key);

	if (!json_is_integer(value))
		fail_msg("no number %s.%s in:\n%.3000s", part ? part : "", key, command_output);
	return json_integer_value(value);
}

static json_t *run_json(const char *arguments, int code)
{
	json_error_t error;
	json_t *root;
	int got = run_command(arguments);

	if (got != code)
		fail_msg("exit code %d\n%.3000s", got, command_errors);
	root = json_loads(command_output, 0, &error);
	if (!root)
		fail_msg("line %d: %s\n%.3000s", error.line, error.text, command_output);
	return root;
}

static void every_page_frame_is_the_kernels(void **state)
{
	json_t *root = run_json("replay --json " CALM, 0);

	assert_int_equal(number(root, NULL, "events_read"), 85022);
	assert_int_equal(number(root, "events_by_name", "mm_page_alloc"), 15215);
	assert_int_equal(number(root, "page", "allocs"), 15175);
	assert_int_equal(number(root, "page", "exact"), 15175);
	assert_int_equal(number(root, "page", "inferred"), 0);
	assert_int_equal(number(root, "page", "failed_traced"), 0);
	assert_int_equal(number(root, "page", "failed_spurious"), 0);
	assert_int_equal(number(root, "state", "lists"), 33);
	assert_int_equal(number(root, "state", "lists_identical"), 33);
	assert_true(json_is_real(json_object_get(root, "seconds")));
	json_decref(root);
}

static void every_object_is_the_kernels(void **state)
{
	json_t *root = run_json("replay --level object --json " CALM, 0);
	json_int_t allocs = number(root, "object", "allocs");

	assert_int_equal(allocs, 11903);
	assert_true(number(root, "object", "exact") * 1000 >= allocs * 999);
	assert_int_equal(number(root, "page", "exact"), number(root, "page", "allocs"));
	assert_int_equal(number(root, "state", "lists_identical"), 33);
	json_decref(root);
}

/* The check can fail: another state at the end is not what the replay comes to. */
static void another_state_is_a_finding(void **state)
{
	json_t *root =
		run_json("replay --json --state " SAMPLE "/before.state.xz --expect-state " SAMPLE
			 "/before.state.xz " SAMPLE "/trace.dat.xz",
			 1);

	assert_true(number(root, "state", "lists_identical") < number(root, "state", "lists"));
	json_decref(root);
}

static void two_runs_are_equal_to_the_byte(void **state)
{
	size_t size[2];
	char *saved[2];

	for (int i = 0; i < 2; i++) {
		char arguments[600];

		snprintf(arguments, sizeof(arguments),
			 "replay --level object --save-state %s " CALM, scratch("end.state"));
		assert_int_equal(run_command(arguments), 0);
		saved[i] = read_file(scratch("end.state"), &size[i]);
	}
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(saved[0], saved[1], size[0]);
	free(saved[0]);
	free(saved[1]);
}

static void a_saved_state_is_the_recorded_one(void **state)
{
	char arguments[600];

	snprintf(arguments, sizeof(arguments), "replay --save-state %s " CALM,
		 scratch("saved.state"));
	assert_int_equal(run_command(arguments), 0);
	/* what was written is read again, and is where the trace ends */
	snprintf(arguments, sizeof(arguments), "show buddyinfo --state %s", scratch("saved.state"));
	assert_int_equal(run_command(arguments), 0);
	memcpy(arguments, command_output, sizeof(arguments));
	arguments[sizeof(arguments) - 1] = '\0';
	assert_int_equal(run_command("show buddyinfo --state " SAMPLE "/after.state.xz"), 0);
	assert_string_equal(command_output, arguments);
}

static void text_and_ctf_say_what_they_hold(void **state)
{
	json_t *text = run_json("replay --json " DATA "/small.txt.xz", 0);
	json_t *ctf = run_json("replay --json " DATA "/ctf", 0);
	/* the CTF is what a replay of the text wrote */
	const json_t *written = json_object_get(text, "events_written");

	assert_int_equal(number(text, NULL, "events_read"), 1800);
	assert_int_equal(number(ctf, "events_by_name", "mm_page_alloc"),
			 number(text, "events_by_name", "mm_page_alloc"));
	assert_int_equal(number(ctf, "events_by_name", "mm_page_alloc"),
			 json_integer_value(json_object_get(written, "mm_page_alloc")));
	json_decref(text);
	json_decref(ctf);
}

static void another_backend_serves_the_same_objects(void **state)
{
	static const char *const backends[] = { "slab", "slob" };

	for (size_t i = 0; i < 2; i++) {
		char arguments[400];
		json_t *root;

		snprintf(arguments, sizeof(arguments),
			 "replay --level object --backend %s --json --state " SAMPLE
			 "/before.state.xz " SAMPLE "/trace.dat.xz",
			 backends[i]);
		root = run_json(arguments, 0);
		assert_int_equal(number(root, "object", "allocs"), 11903);
		assert_int_equal(number(root, "object", "failed_spurious"), 0);
		json_decref(root);
	}
}

/* A session daemon can't load a clock that was built with a sanitizer. */
static void skip_without_sessions(void)
{
	if (!strcmp(RIG_VARIANT, "asan") || !strcmp(RIG_VARIANT, "tsan"))
		skip();
}

static void a_new_trace_holds_what_the_replay_reports(void **state)
{
	const char *folder = scratch("new-trace");
	char arguments[600];
	json_t *replayed, *read;
	const json_t *written;
	const char *name;
	json_t *value;

	skip_without_sessions();
	snprintf(arguments, sizeof(arguments), "replay --level object --json --trace %s " CALM,
		 folder);
	replayed = run_json(arguments, 0);
	assert_int_equal(number(replayed, NULL, "discarded"), 0);
	written = json_object_get(replayed, "events_written");
	snprintf(arguments, sizeof(arguments), "replay --json %s", folder);
	read = run_json(arguments, 0);
	assert_true(json_object_size(written) > 5);
	json_object_foreach((json_t *)written, name, value)
		assert_int_equal(number(read, "events_by_name", name), json_integer_value(value));
	json_decref(replayed);
	json_decref(read);
}

static void faults_fail_what_they_are_told_to(void **state)
{
	static const char spec[] =
		"replay --json --fault "
		"'fail_page_alloc:interval=10,times=-1,min-order=0,ignore-gfp-wait=N,"
		"ignore-gfp-highmem=N' --state " SAMPLE "/before.state.xz " SAMPLE "/trace.dat.xz";
	json_t *root = run_json(spec, 0);
	json_int_t faults = number(root, NULL, "faults_injected");

	/* each tenth allocation; those that may not fail are spared */
	assert_true(faults > 1400 && faults <= 1518);
	assert_int_equal(number(root, "page", "failed_spurious"), faults);
	json_decref(root);
	root = run_json(spec, 0);
	assert_int_equal(number(root, NULL, "faults_injected"), faults);
	json_decref(root);
}

static void a_report_is_one_file(void **state)
{
	const char *report = scratch("report.html");
	char arguments[600];
	size_t size;
	char *text;

	skip_without_sessions();
	snprintf(arguments, sizeof(arguments), "replay --report %s " CALM, report);
	assert_int_equal(run_command(arguments), 0);
	text = read_file(report, &size);
	assert_true(size > 10000);
	assert_non_null(strstr(text, "<html"));
	assert_non_null(strstr(text, "</html>"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_frame_is_the_kernels),
		cmocka_unit_test(every_object_is_the_kernels),
		cmocka_unit_test(another_state_is_a_finding),
		cmocka_unit_test(two_runs_are_equal_to_the_byte),
		cmocka_unit_test(a_saved_state_is_the_recorded_one),
		cmocka_unit_test(text_and_ctf_say_what_they_hold),
		cmocka_unit_test(another_backend_serves_the_same_objects),
		cmocka_unit_test(a_new_trace_holds_what_the_replay_reports),
		cmocka_unit_test(faults_fail_what_they_are_told_to),
		cmocka_unit_test(a_report_is_one_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
