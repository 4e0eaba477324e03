// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input to the command: each is one line that names the file and the place, exit code 2, and
 * what could be read is not lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"

static char arguments[1024];

static int replay(const char *trace)
{
	snprintf(arguments, sizeof(arguments), "replay --state " SAMPLE "/before.state.xz %s",
		 trace);
	return run_command(arguments);
}

static void a_missing_trace_is_named(void **state)
{
	assert_int_equal(replay("/nowhere/trace.dat"), 2);
	expect_error("/nowhere/trace.dat: No such file");
	expect_one_line();
}

static void a_truncated_trace_dat_is_named_with_the_byte(void **state)
{
	static const size_t cuts[] = { 9, 100, 5000, 1000000, 2089000, 5000000 };
	size_t size;
	char *whole = read_file(SAMPLE "/trace.dat.xz", &size);

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char place[64];

		write_file(scratch("cut.dat"), whole, cuts[i]);
		assert_int_equal(replay(scratch("cut.dat")), 2);
		snprintf(place, sizeof(place), "cut.dat: byte %zu: ", cuts[i]);
		if (cuts[i] > 10)
			expect_error(place);
		expect_one_line();
	}
	free(whole);
}

/* Version 7 has the table of the CPUs at its end: without it the pages that are there are found. */
static void the_good_part_of_a_truncated_trace_dat_is_replayed(void **state)
{
	size_t size;
	char *whole = read_file(SAMPLE "/trace.dat.xz", &size);

	/* all pages are there, the options behind them are not */
	write_file(scratch("cut.dat"), whole, size - 20);
	assert_int_equal(replay(scratch("cut.dat")), 2);
	expect_error("without its table at the end, 1 CPU is told apart by the times of its pages");
	expect_one_line();
	expect_output("all                                 85022");
	free(whole);
}

static void corrupt_bytes_never_crash(void **state)
{
	size_t size;
	char *whole = read_file(SAMPLE "/trace.dat.xz", &size);
	unsigned int chance = 1;

	for (int round = 0; round < 12; round++) {
		char *copy = malloc(size);
		int code;

		memcpy(copy, whole, size);
		/* a burst of damage somewhere: in the tables first, then in the events */
		for (int i = 0; i < 64; i++) {
			chance = chance * 1103515245u + 12345;
			copy[(round < 6 ? chance % 20000 : chance % size)] ^=
				(char)(chance >> 16 | 1);
		}
		write_file(scratch("corrupt.dat"), copy, size);
		code = replay(scratch("corrupt.dat"));
		if (code != 0 && code != 2 && code != 3)
			fail_msg("round %d: exit code %d\n%.2000s", round, code, command_errors);
		free(copy);
	}
	free(whole);
}

static void a_truncated_xz_is_named_with_the_byte(void **state)
{
	FILE *file = fopen(SAMPLE "/trace.dat.xz", "rb");
	char bytes[30000];

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	fclose(file);
	write_file(scratch("cut.xz"), bytes, sizeof(bytes));
	assert_int_equal(replay(scratch("cut.xz")), 2);
	expect_error("cut.xz: xz data ends early at byte 30000");
	expect_one_line();
}

static void a_ctf_folder_without_metadata_is_named(void **state)
{
	mkdir(scratch("empty"), 0700);
	assert_int_equal(replay(scratch("empty")), 2);
	expect_error("empty: no file 'metadata'");
	expect_one_line();
}

static void ctf_metadata_that_is_cut_off_is_named_with_the_byte(void **state)
{
	size_t size;
	char *metadata = read_file(DATA "/ctf/metadata", &size);

	mkdir(scratch("ctf"), 0700);
	write_file(scratch("ctf/metadata"), metadata, 100);
	assert_int_equal(replay(scratch("ctf")), 2);
	expect_error("ctf/metadata: byte 0: the metadata is cut off or corrupt");
	expect_one_line();
	write_file(scratch("ctf/metadata"), metadata, 0);
	assert_int_equal(replay(scratch("ctf")), 2);
	expect_error("the metadata is empty");
	free(metadata);
}

static void a_ctf_stream_that_is_cut_off_is_named(void **state)
{
	size_t size;
	char *bytes = read_file(DATA "/ctf/metadata", &size);

	mkdir(scratch("ctf-cut"), 0700);
	write_file(scratch("ctf-cut/metadata"), bytes, size);
	free(bytes);
	bytes = read_file(DATA "/ctf/kmem_0", &size);
	write_file(scratch("ctf-cut/kmem_0"), bytes, size / 2 + 100);
	free(bytes);
	assert_int_equal(replay(scratch("ctf-cut")), 2);
	expect_error("ctf-cut");
	expect_error("kmem_0");
	expect_one_line();
}

static void copy_part(const char *from, const char *to, size_t less)
{
	size_t size;
	char *bytes = read_file(from, &size);

	write_file(to, bytes, size - less);
	free(bytes);
}

static void a_ctf_stream_shorter_than_its_index_is_named_with_the_byte(void **state)
{
	mkdir(scratch("ctf-index"), 0700);
	mkdir(scratch("ctf-index/index"), 0700);
	copy_part(DATA "/ctf/metadata", scratch("ctf-index/metadata"), 0);
	copy_part(DATA "/ctf/kmem_1", scratch("ctf-index/kmem_1"), 0);
	copy_part(DATA "/ctf/index/kmem_1.idx", scratch("ctf-index/index/kmem_1.idx"), 0);
	copy_part(DATA "/ctf/kmem_0", scratch("ctf-index/kmem_0"), 100);
	copy_part(DATA "/ctf/index/kmem_0.idx", scratch("ctf-index/index/kmem_0.idx"), 0);
	assert_int_equal(replay(scratch("ctf-index")), 2);
	expect_error(
		"kmem_0: byte 16284: the file ends inside a packet (it should reach byte 16384)");
	expect_one_line();
}

static void a_bad_line_of_text_is_named_and_the_rest_is_kept(void **state)
{
	size_t size;
	char *text = read_file(DATA "/small.txt.xz", &size), *line = text;

	for (int i = 0; i < 500; i++)
		line = strchr(line, '\n') + 1;
	memcpy(line, "not a line", 10);
	memset(line + 10, 'x', strcspn(line + 10, "\n"));
	write_file(scratch("bad.txt"), text, size);
	free(text);
	assert_int_equal(replay(scratch("bad.txt")), 2);
	expect_error("bad.txt:501: ");
	expect_one_line();
	expect_output("mm_page_alloc");
	expect_output("all                                  1799");
}

static void a_line_of_text_that_is_cut_off_is_named(void **state)
{
	size_t size;
	char *text = read_file(DATA "/small.txt.xz", &size);

	write_file(scratch("cut.txt"), text, size - 30);
	free(text);
	assert_int_equal(replay(scratch("cut.txt")), 2);
	expect_error("cut.txt:1801: the line is cut off");
	expect_one_line();
}

static void what_is_no_trace_is_named(void **state)
{
	write_file(scratch("noise"), "\1\2\3\4", 4);
	assert_int_equal(replay(scratch("noise")), 2);
	expect_error("noise: byte 0: neither trace.dat, CTF nor ftrace text");
	expect_one_line();
	write_file(scratch("nothing"), "", 0);
	assert_int_equal(replay(scratch("nothing")), 2);
	expect_error("nothing: byte 0: the file is empty");
}

/* The recorded state with one line changed. */
static void with_line(int number, const char *bad, const char *expected)
{
	size_t size;
	char *text = read_file(SAMPLE "/before.state.xz", &size), *line = text, *end;
	FILE *file = fopen(scratch("bad.state"), "w");

	assert_non_null(file);
	for (int i = 1; i < number; i++)
		line = strchr(line, '\n') + 1;
	end = strchr(line, '\n');
	fprintf(file, "%.*s%s%s", (int)(line - text), text, bad, end);
	fclose(file);
	free(text);
	snprintf(arguments, sizeof(arguments), "replay --state %s " SAMPLE "/trace.dat.xz",
		 scratch("bad.state"));
	assert_int_equal(run_command(arguments), 2);
	expect_error("bad.state:");
	expect_error(expected);
	expect_one_line();
}

static void a_bad_line_of_a_state_is_named(void **state)
{
	with_line(3, "free 0 8", "bad.state:3: the line ends where migratetype should be");
	with_line(3, "free 0 11 0 100", "bad.state:3: '11' is no order");
	with_line(3, "free 7 8 0 100", "bad.state:3: zone 7 was not described before");
	with_line(3, "free 0 8 0 fffff", "bad.state:3: page frame fffff is not in zone DMA");
	with_line(3, "free 0 8 0 101", "bad.state:3: pfn 0x101: no block of order 8");
	with_line(4, "free 0 9 0 100", "bad.state:4: ");
	with_line(3, "fere 0 8 0 100", "bad.state:3: unknown record 'fere'");
	with_line(2, "zone 0 DMA start_pfn 1 spanned x", "bad.state:2: 'x' is no number of pages");
	with_line(2, "zone 0 DMA start_pfn 1", "bad.state:2: zone DMA spans no pages");
	with_line(6, "pcp 0 99 count 0", "bad.state:6: '99' is no CPU number");
}

static void a_missing_state_is_named(void **state)
{
	assert_int_equal(run_command("replay --state /nowhere " SAMPLE "/trace.dat.xz"), 2);
	expect_error("/nowhere: No such file");
	expect_one_line();
}

static void a_backend_that_is_not_there_is_named(void **state)
{
	assert_int_equal(run_command("replay --backend slup " SAMPLE "/trace.dat.xz"), 2);
	expect_error("unknown backend 'slup'; there are:");
	expect_error("slub");
	expect_one_line();
}

static void a_command_that_is_not_there_is_named(void **state)
{
	assert_int_equal(run_command("reply"), 2);
	expect_error("unknown command 'reply'; there are: replay, stat, run");
	expect_one_line();
}

static void wrong_options_are_misuse_of_the_command(void **state)
{
	assert_int_equal(run_command("replay --level pages x"), 2);
	assert_int_equal(run_command("replay --no-such-option x"), 2);
	assert_int_equal(run_command("replay"), 2);
	assert_int_equal(run_command("show"), 2);
	assert_int_equal(run_command("show nothing"), 2);
	expect_error("unknown file 'nothing'; there are: ");
	expect_one_line();
	assert_int_equal(run_command(""), 2);
}

static void a_script_with_an_unknown_op_is_named_with_the_line(void **state)
{
	static const char script[] = "c 0 64 0 0 0\na 1 0\nX 1\n";

	write_file(scratch("bad.ops"), script, sizeof(script) - 1);
	snprintf(arguments, sizeof(arguments), "run %s", scratch("bad.ops"));
	assert_int_equal(run_command(arguments), 2);
	expect_error("bad.ops:3: unknown op 'X'");
	expect_one_line();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_trace_is_named),
		cmocka_unit_test(a_truncated_trace_dat_is_named_with_the_byte),
		cmocka_unit_test(the_good_part_of_a_truncated_trace_dat_is_replayed),
		cmocka_unit_test(corrupt_bytes_never_crash),
		cmocka_unit_test(a_truncated_xz_is_named_with_the_byte),
		cmocka_unit_test(a_ctf_folder_without_metadata_is_named),
		cmocka_unit_test(ctf_metadata_that_is_cut_off_is_named_with_the_byte),
		cmocka_unit_test(a_ctf_stream_that_is_cut_off_is_named),
		cmocka_unit_test(a_ctf_stream_shorter_than_its_index_is_named_with_the_byte),
		cmocka_unit_test(a_bad_line_of_text_is_named_and_the_rest_is_kept),
		cmocka_unit_test(a_line_of_text_that_is_cut_off_is_named),
		cmocka_unit_test(what_is_no_trace_is_named),
		cmocka_unit_test(a_bad_line_of_a_state_is_named),
		cmocka_unit_test(a_missing_state_is_named),
		cmocka_unit_test(a_backend_that_is_not_there_is_named),
		cmocka_unit_test(a_command_that_is_not_there_is_named),
		cmocka_unit_test(wrong_options_are_misuse_of_the_command),
		cmocka_unit_test(a_script_with_an_unknown_op_is_named_with_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
