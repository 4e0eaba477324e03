// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damaged traces of every format through kmemrig stat: cut off at many places, overwritten at many
 * places (fixed seed), empty, with events and fields that nobody knows, without fields that are
 * needed. Demanded each time: an end within a minute, exit code 0 or 2, a message that names the
 * file when it is 2, and the good part analysed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <jansson.h>
#include <linux/types.h>

#include "command.h"

#define KERNEL_CTF "tests/tracing/data/lttng-kernel.tar.xz"
#define OWN_CTF DATA "/ctf"
#define TEXT "tests/tracing/data/failures.txt.xz"

/* What kmemrig stat said of a trace. */
struct result {
	int code;
	u64 events;
	json_t *json; /* NULL: it printed nothing */
};

static struct result last;

static void shell(const char *format, ...)
{
	char command[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof(command), format, list);
	va_end(list);
	if (system(command))
		fail_msg("failed: %s", command);
}

static u64 count_of(const char *event)
{
	json_t *count = json_object_get(json_object_get(last.json, "events"), event);

	return (u64)json_integer_value(count);
}

static u64 figure(const char *part, const char *name)
{
	return (u64)json_integer_value(json_object_get(json_object_get(last.json, part), name));
}

/* Runs it; fails on a crash, on a hang, on silence about an error. */
static void stat_trace(const char *path)
{
	const char *out = scratch("out.json"), *errors = scratch("errors");
	const char *name = strrchr(path, '/') + 1;
	char command[512];
	size_t size;
	json_t *count;
	char *text;
	int status;

	json_decref(last.json);
	last = (struct result){ 0 };
	snprintf(command, sizeof(command),
		 "timeout -s KILL 60 build/%s/kmemrig stat --json --limit 0 %s >%s 2>%s",
		 RIG_VARIANT, path, out, errors);
	/* under load the leak checker sometimes can't stop the process that it looks at */
	for (int tries = 0; tries < 3; tries++) {
		status = system(command);
		text = read_file(errors, &size);
		snprintf(command_errors, sizeof(command_errors), "%s", text);
		free(text);
		if (!strstr(command_errors, "LeakSanitizer has encountered a fatal error"))
			break;
	}
	text = command_errors;
	last.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	last.json = json_load_file(out, 0, NULL);
	if (strstr(text, "Sanitizer") || strstr(text, "runtime error"))
		fail_msg("%s: %.4000s", path, text);
	if ((last.code != 0 && last.code != 2) ||
	    (last.code == 2 && (strncmp(text, "kmemrig: ", 9) || !strstr(text, name))) ||
	    (last.code == 0 && (size || !last.json)))
		fail_msg("%s: exit code %d, errors: %.4000s", path, last.code, text);
	json_object_foreach(json_object_get(last.json, "events"), name, count) last.events +=
		(u64)json_integer_value(count);
	if (last.code == 0 && json_is_true(json_object_get(last.json, "incomplete")))
		fail_msg("%s: incomplete, and exit code 0", path);
}

static u64 next(u64 *chance)
{
	*chance = *chance * 6364136223846793005ull + 1442695040888963407ull;
	return *chance >> 33;
}

/* A trace as one file that is damaged, inside of @trace, which is what is read. */
struct victim {
	const char *file, *trace;
	char *bytes;
	size_t size;
	u64 events; /* of the whole trace */
};

static struct victim victim(const char *file, const char *trace)
{
	struct victim result = { .file = strdup(scratch(file)), .trace = strdup(scratch(trace)) };

	result.bytes = read_file(result.file, &result.size);
	stat_trace(result.trace);
	assert_int_equal(last.code, 0);
	result.events = last.events;
	assert_true(result.events > 100);
	return result;
}

static void restore(struct victim *victim)
{
	write_file(victim->file, victim->bytes, victim->size);
	free((char *)victim->file);
	free((char *)victim->trace);
	free(victim->bytes);
	json_decref(last.json);
	last.json = NULL;
}

/*
 * Cut at @nr places from @from on: never more events than before, more the later the cut, some at
 * the last ones.
 */
static void cut(struct victim *victim, size_t from, int nr)
{
	u64 before = 0;

	for (int i = 0; i <= nr; i++) {
		size_t size = from + (victim->size - 1 - from) / (size_t)nr * (size_t)i;

		write_file(victim->file, victim->bytes, size);
		stat_trace(victim->trace);
		/* what ends the file may say nothing: then nothing is missing */
		if (last.code != 2 && last.events != victim->events)
			fail_msg("%s: cut at byte %zu of %zu: exit code %d", victim->file, size,
				 victim->size, last.code);
		if (last.events > victim->events || last.events < before)
			fail_msg("%s: cut at byte %zu of %zu: %llu events of %llu, %llu with less",
				 victim->file, size, victim->size, (unsigned long long)last.events,
				 (unsigned long long)victim->events, (unsigned long long)before);
		before = last.events;
	}
	if (!before)
		fail_msg("%s: cut at its end, and nothing was read", victim->file);
}

/* Bursts of @burst bytes at @rounds places. How many rounds gave events. */
static int overwrite(struct victim *victim, size_t from, int rounds, size_t burst)
{
	char *copy = malloc(victim->size);
	u64 chance = 12345;
	int read = 0;

	assert_non_null(copy);
	for (int round = 0; round < rounds; round++) {
		size_t at = from + next(&chance) % (victim->size - from);

		memcpy(copy, victim->bytes, victim->size);
		for (size_t i = 0; i < burst && at + i < victim->size; i++)
			copy[at + i] = (char)next(&chance);
		write_file(victim->file, copy, victim->size);
		stat_trace(victim->trace);
		read += last.events > 0;
	}
	free(copy);
	return read;
}

static void empty(struct victim *victim)
{
	write_file(victim->file, "", 0);
	stat_trace(victim->trace);
	assert_int_equal(last.code, 2);
}

/* Writes the file with @from as @to, of the same length, wherever it is; at least once. */
static void rename_all(struct victim *victim, const char *from, const char *to)
{
	size_t length = strlen(from), found = 0;
	char *copy = malloc(victim->size);

	assert_non_null(copy);
	assert_int_equal(length, strlen(to));
	memcpy(copy, victim->bytes, victim->size);
	for (size_t i = 0; i + length <= victim->size; i++) {
		if (memcmp(copy + i, from, length))
			continue;
		memcpy(copy + i, to, length);
		found++;
	}
	assert_true(found > 0);
	write_file(victim->file, copy, victim->size);
	free(copy);
	stat_trace(victim->trace);
}

/* Events left out for lack of @field, by @event; they are in the file all the same. */
static void expect_left_out(const char *event, const char *field, u64 count)
{
	json_t *entry;
	size_t i;

	assert_int_equal(last.code, 2);
	json_array_foreach(json_object_get(last.json, "incomplete_events"), i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "event")), event))
			continue;
		assert_string_equal(json_string_value(json_object_get(entry, "lacking")), field);
		assert_int_equal(json_integer_value(json_object_get(entry, "left_out")), count);
		assert_true(count > 0);
		expect_error(event);
		expect_error("left out");
		return;
	}
	fail_msg("%s: nothing was left out", event);
}

static void make_text(const char *name)
{
	shell("xz -dc " TEXT " | head -1500 >%s", scratch(name));
}

static void ftrace_text(void **state)
{
	struct victim text;

	make_text("trace.txt");
	text = victim("trace.txt", "trace.txt");
	cut(&text, 1, 20);
	assert_true(overwrite(&text, 0, 20, 8) > 15);
	assert_true(overwrite(&text, 0, 10, 2000) > 5);
	empty(&text);
	restore(&text);
}

static void packed_text(void **state)
{
	static const int sizes[] = { 20000, 12500, 5000 };
	const char *path = scratch("packed.xz");

	shell("cp " TEXT " %s", path);
	stat_trace(path);
	assert_int_equal(last.code, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		u64 before = last.events;

		shell("head -c %d " TEXT " >%s", sizes[i], path);
		stat_trace(path);
		assert_int_equal(last.code, 2);
		expect_error("packed.xz: xz data ends early at byte ");
		assert_true(last.events > 0 && last.events < before);
	}
}

static void ftrace_text_with_what_nobody_knows(void **state)
{
	const char *path = scratch("odd.txt");

	make_text("trace.txt");
	stat_trace(scratch("trace.txt"));
	assert_int_equal(last.code, 0);
	u64 events = last.events, allocated = figure("slab", "bytes_allocated");

	shell("sed 's/$/ colour=red depth=5/' %s >%s", scratch("trace.txt"), path);
	stat_trace(path);
	assert_int_equal(last.code, 0);
	assert_int_equal(last.events, events);
	assert_int_equal(figure("slab", "bytes_allocated"), allocated);
	shell("sed 's/ kmalloc: / mm_teapot: /' %s >%s", scratch("trace.txt"), path);
	stat_trace(path);
	assert_int_equal(last.code, 0);
	assert_int_equal(last.events, events);
	assert_true(figure("slab", "bytes_allocated") < allocated);
}

/* A line that does not hold what its event's lines hold is a damaged line. */
static void ftrace_text_without_needed_fields(void **state)
{
	const char *path = scratch("odd.txt");

	make_text("trace.txt");
	shell("sed '700,$ { / kmalloc: /s/ bytes_alloc=[0-9]*// }' %s >%s", scratch("trace.txt"),
	      path);
	stat_trace(path);
	assert_int_equal(last.code, 2);
	assert_true(last.events >= 690);
	expect_error("odd.txt:");
}

/* A small trace.dat: the first events of the sample. */
static void make_dat(const char *name, int version)
{
	shell("xz -dc " SAMPLE "/trace.dat.xz >%s && cd $(dirname %s) && "
	      "trace-cmd split -i whole.dat -o part.dat -e 3000 >part.log 2>&1 && "
	      "trace-cmd convert -i part.dat.1 -o %s --file-version %d >>part.log 2>&1",
	      scratch("whole.dat"), scratch("whole.dat"), name, version);
}

static void trace_dat(int version)
{
	struct victim dat;

	make_dat("trace.dat", version);
	dat = victim("trace.dat", "trace.dat");
	cut(&dat, 1, 12);
	/* the tables first, then the events */
	overwrite(&dat, 0, 8, 8);
	overwrite(&dat, dat.size - 150000, 12, 64);
	empty(&dat);
	restore(&dat);
}

static void trace_dat_of_version_7(void **state)
{
	trace_dat(7);
}

static void trace_dat_of_version_6(void **state)
{
	trace_dat(6);
}

static void trace_dat_with_changed_formats(void **state)
{
	struct victim dat;

	make_dat("trace.dat", 6);
	dat = victim("trace.dat", "trace.dat");
	u64 frees = count_of("kmem:kfree");

	assert_true(frees > 0);
	rename_all(&dat, "name: kfree\n", "name: kteap\n");
	assert_int_equal(last.code, 0);
	assert_int_equal(last.events, dat.events);
	assert_int_equal(count_of("kmem:kteap"), frees);
	rename_all(&dat, " accounted;", " aktounted;");
	assert_int_equal(last.code, 0);
	assert_int_equal(last.events, dat.events);
	rename_all(&dat, "size_t bytes_alloc;", "size_t bytes_elloc;");
	assert_int_equal(last.events, dat.events);
	expect_left_out("kmem:kmalloc", "bytes_alloc", count_of("kmem:kmalloc"));
	assert_int_equal(figure("slab", "bytes_allocated"), 0);
	restore(&dat);
}

/* LTTng's trace of a kernel: metadata in plain text, streams of one packet, no index. */
static const char *make_kernel_ctf(void)
{
	shell("rm -rf %s && mkdir %s && xz -dc " KERNEL_CTF
	      " | tar -C %s -xf - --strip-components=4 && chmod -R u+w %s",
	      scratch("kernel"), scratch("kernel"), scratch("kernel"), scratch("kernel"));
	return "kernel";
}

/* kmemrig's own: packets of metadata, an index for each stream. */
static const char *make_own_ctf(void)
{
	shell("rm -rf %s && cp -r " OWN_CTF " %s && chmod -R u+w %s", scratch("own"),
	      scratch("own"), scratch("own"));
	return "own";
}

static void ctf_stream(const char *file, const char *trace)
{
	struct victim stream = victim(file, trace);

	cut(&stream, 70, 12);
	assert_true(overwrite(&stream, 0, 20, 4) > 10);
	overwrite(&stream, 0, 10, 500);
	restore(&stream);
}

static void ctf_metadata(const char *file, const char *trace)
{
	struct victim metadata = victim(file, trace);

	for (size_t size = 10; size < metadata.size - 10; size += metadata.size / 9) {
		write_file(metadata.file, metadata.bytes, size);
		stat_trace(metadata.trace);
	}
	overwrite(&metadata, 0, 30, 3);
	empty(&metadata);
	restore(&metadata);
}

static void ctf_of_a_kernel(void **state)
{
	make_kernel_ctf();
	ctf_stream("kernel/ch0_1", "kernel");
	ctf_metadata("kernel/metadata", "kernel");
}

/* A packet of metadata that claims more contents than it has: libbabeltrace2 never ends reading. */
static void ctf_metadata_that_never_ends(const char *file, const char *trace)
{
	struct victim metadata = victim(file, trace);
	char *copy = malloc(metadata.size);

	assert_non_null(copy);
	memcpy(copy, metadata.bytes, metadata.size);
	/* bits of contents: the 7th word */
	memset(copy + 6 * sizeof(u32), 0xff, sizeof(u32));
	write_file(metadata.file, copy, metadata.size);
	stat_trace(metadata.trace);
	assert_int_equal(last.code, 2);
	expect_error("metadata: byte 0: the metadata is cut off or corrupt");
	free(copy);
	restore(&metadata);
}

static void ctf_of_our_own(void **state)
{
	make_own_ctf();
	ctf_metadata_that_never_ends("own/metadata", "own");
	ctf_stream("own/kmem_0", "own");
	ctf_metadata("own/metadata", "own");
	shell("rm -r %s", scratch("own/index"));
	ctf_stream("own/kmem_0", "own");
}

static void ctf_with_changed_metadata(void **state)
{
	struct victim metadata;

	make_kernel_ctf();
	metadata = victim("kernel/metadata", "kernel");
	u64 kmallocs = count_of("kmem_kmalloc"), allocs = figure("slab", "allocs");
	u64 pages = count_of("kmem_mm_page_alloc");

	assert_true(kmallocs > 0 && pages > 0);
	rename_all(&metadata, "\"kmem_kmalloc\"", "\"kmem_kteapot\"");
	assert_int_equal(last.code, 0);
	assert_int_equal(last.events, metadata.events);
	assert_int_equal(figure("slab", "allocs"), allocs - kmallocs);
	/* a field that nobody needs, under a name that nobody knows */
	rename_all(&metadata, "_bytes_req;", "_bytas_req;");
	expect_left_out("kmem_kmalloc", "bytes_req", kmallocs);
	rename_all(&metadata, "_pfn;", "_qfn;");
	expect_left_out("kmem_mm_page_alloc", "pfn", pages);
	assert_int_equal(figure("pages", "allocs"), 0);
	assert_int_equal(figure("slab", "allocs"), allocs);
	restore(&metadata);

	make_own_ctf();
	metadata = victim("own/metadata", "own");
	pages = count_of("kmem:mm_page_alloc");
	rename_all(&metadata, "_order;", "_ardor;");
	expect_left_out("kmem:mm_page_alloc", "order", pages);
	assert_int_equal(last.events, metadata.events);
	restore(&metadata);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ftrace_text),
		cmocka_unit_test(packed_text),
		cmocka_unit_test(ftrace_text_with_what_nobody_knows),
		cmocka_unit_test(ftrace_text_without_needed_fields),
		cmocka_unit_test(trace_dat_of_version_7),
		cmocka_unit_test(trace_dat_of_version_6),
		cmocka_unit_test(trace_dat_with_changed_formats),
		cmocka_unit_test(ctf_of_a_kernel),
		cmocka_unit_test(ctf_of_our_own),
		cmocka_unit_test(ctf_with_changed_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
