// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an analysis holds is bounded by what is live in the trace, not by the trace's length: peak
 * memory of kmemrig stat, decoder included, on traces of different lengths in which the same number
 * of objects and pages is live: each is freed a fixed number of allocations later. No object has
 * the address of an earlier one.
 *
 * Sanitizers keep freed memory, so this is for the plain build.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>
#include <linux/types.h>

#define LIVE 1000u
#define SHORT 20000u
#define FACTOR 20u
#define SITES 50u
#define TASKS 100u
#define FRAMES 60000u
#define ENDLESS 0xffffffffu

#define COMMAND "build/" RIG_VARIANT "/kmemrig"
#define PLUGIN "build/" RIG_VARIANT "/babeltrace"

static char folder[] = "/tmp/kmemrig-memory-XXXXXX";
static char output[1 << 20];

static bool plain_build(void)
{
	return !strcmp(RIG_VARIANT, "release") || !strcmp(RIG_VARIANT, "debug");
}

static const char *path_of(const char *name)
{
	static char paths[8][256];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* @steps objects and pages by @tasks tasks in turn, @live of each at a time (0: none is freed). */
static const char *write_trace(const char *name, unsigned int steps, unsigned int live,
			       unsigned int tasks)
{
	const char *path = path_of(name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (unsigned int i = 0; i < steps; i++) {
		unsigned int task = i / 8 % tasks, before = i - live;
		char who[100];

		snprintf(who, sizeof(who), "task%u-%u [00%u] %.6f: ", task % 7, 1000 + task, i & 1,
			 1000 + i * 1e-5);
		fprintf(out,
			"%skmalloc: call_site=site%u+0x10 ptr=0x%llx bytes_req=60 bytes_alloc=64 "
			"gfp_flags=GFP_KERNEL node=-1 accounted=false\n",
			who, i % SITES, 0xffff888000000000ull + 64ull * i);
		fprintf(out,
			"%smm_page_alloc: page=0x0 pfn=0x%x order=0 migratetype=0 "
			"gfp_flags=GFP_KERNEL\n",
			who, i % FRAMES + 1);
		if (!live || i < live)
			continue;
		fprintf(out, "%skfree: call_site=site%u+0x20 ptr=0x%llx\n", who, i % SITES,
			0xffff888000000000ull + 64ull * before);
		fprintf(out, "%smm_page_free: page=0x0 pfn=0x%x order=0\n", who,
			before % FRAMES + 1);
	}
	assert_int_equal(fclose(out), 0);
	return path;
}

/* Peak memory in KiB of the command and of those it waited for; its standard output in @output. */
static long peak_of(char *const arguments[])
{
	const char *out = path_of("output");
	struct rusage usage;
	int status;
	FILE *file;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen(out, "w", stdout))
			_exit(126);
		execvp(arguments[0], arguments);
		_exit(127);
	}
	assert_true(child > 0);
	assert_int_equal(wait4(child, &status, 0, &usage), child);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	file = fopen(out, "r");
	assert_non_null(file);
	output[fread(output, 1, sizeof(output) - 1, file)] = '\0';
	fclose(file);
	return usage.ru_maxrss;
}

static long peak(const char *trace)
{
	char *arguments[] = { COMMAND, "stat", "--json", (char *)trace, NULL };

	return peak_of(arguments);
}

/* A figure of the JSON. */
static unsigned int figure(const char *part, const char *name)
{
	json_t *json = json_loads(output, 0, NULL);
	json_t *value = json_object_get(json_object_get(json, part), name);
	unsigned int result = (unsigned int)json_integer_value(value);

	assert_non_null(value);
	json_decref(json);
	return result;
}

static void expect_live(unsigned int allocs)
{
	assert_int_equal(figure("slab", "live_objects"), LIVE);
	assert_int_equal(figure("pages", "live_pages"), LIVE);
	assert_int_equal(figure("slab", "allocs"), allocs);
}

static void expect_bounded(const char *what, long small, long large, long bound)
{
	print_message("%s: peak %ld KiB for the short trace, %ld KiB for the long one\n", what,
		      small, large);
	if (large > bound)
		fail_msg("%s: peak %ld KiB for the short trace, %ld KiB for the long one", what,
			 small, large);
}

static void a_longer_text_needs_no_more_memory(void **state)
{
	long small, large;

	small = peak(write_trace("short.txt", SHORT, LIVE, TASKS));
	expect_live(SHORT);
	large = peak(write_trace("long.txt", FACTOR * SHORT, LIVE, TASKS));
	expect_live(FACTOR * SHORT);
	expect_bounded("text", small, large, small + small / 10);
}

static const char *as_ctf(const char *text, const char *name)
{
	char parameter[300];
	char *arguments[] = { "babeltrace2", "--plugin-path", PLUGIN, (char *)text,
			      "-c",	     "sink.ctf.fs",   "-p",   parameter,
			      NULL };
	const char *path = path_of(name);

	snprintf(parameter, sizeof(parameter), "path=\"%s\",quiet=true", path);
	peak_of(arguments);
	return path;
}

/* Lengths that both fill the window of a stream that libbabeltrace2 maps. */
static void a_longer_ctf_trace_needs_no_more_memory(void **state)
{
	long small, large;

	small = peak(as_ctf(write_trace("middle.txt", FACTOR / 4 * SHORT, LIVE, TASKS), "middle"));
	expect_live(FACTOR / 4 * SHORT);
	large = peak(as_ctf(write_trace("long.txt", FACTOR * SHORT, LIVE, TASKS), "long"));
	expect_live(FACTOR * SHORT);
	expect_bounded("CTF", small, large, small + small / 10);
}

/* A fork bomb is no reason to run out of memory. */
static void tasks_without_end_need_a_bounded_amount(void **state)
{
	long half, whole;

	half = peak(write_trace("tasks.txt", 30 * SHORT, LIVE, ENDLESS));
	expect_live(30 * SHORT);
	whole = peak(write_trace("tasks.txt", 60 * SHORT, LIVE, ENDLESS));
	expect_live(60 * SHORT);
	expect_bounded("tasks", half, whole, half + half / 10);
}

/* That these checks can fail: what nobody frees does cost memory. */
static void what_stays_live_costs_memory(void **state)
{
	long small, large;

	small = peak(write_trace("short.txt", SHORT, LIVE, TASKS));
	large = peak(write_trace("leak.txt", FACTOR * SHORT, 0, TASKS));
	assert_int_equal(figure("slab", "live_objects"), FACTOR * SHORT);
	assert_true(large > 3 * small);
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_text_needs_no_more_memory),
		cmocka_unit_test(a_longer_ctf_trace_needs_no_more_memory),
		cmocka_unit_test(tasks_without_end_need_a_bounded_amount),
		cmocka_unit_test(what_stays_live_costs_memory),
	};

	if (!plain_build()) {
		printf("1..0 # SKIP memory is measured in the plain build\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
