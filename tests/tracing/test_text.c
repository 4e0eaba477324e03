// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text sink against real kernels' events: data/text-pairs.txt.xz holds lines that
 * "trace-cmd report -N -R -t" (stored fields) and "trace-cmd report -N" (as printed by the
 * kernel's format) made of the same events. The stored fields go in, the printed line must
 * come out; page= and fragmenting= are compared with the kernel's meaning, which trace-cmd gets
 * wrong. KMEMRIG_TEXT_PAIRS names another such file (uncompressed).
 */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <kmemrig/machine.h>
#include <kmemrig/text.h>
#include <linux/kernel.h>

static char symbol_name[256];
static u64 symbol_offset;

/* The sample holds names, not addresses: each line's own symbol is the only one there is. */
static const char *only_symbol(void *data, u64 address, u64 *offset, u64 *size)
{
	*offset = symbol_offset;
	*size = 0;
	return symbol_name[0] ? symbol_name : NULL;
}

static bool field(const char *line, const char *name, char *value, size_t size)
{
	char key[64];
	const char *at;
	size_t length;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(line, key);
	if (!at)
		return false;
	at += strlen(key);
	length = strcspn(at, " \n\t");
	if (length >= size)
		length = size - 1;
	memcpy(value, at, length);
	value[length] = '\0';
	return true;
}

static u64 number(const char *line, const char *name)
{
	char value[256];

	if (!field(line, name, value, sizeof(value)) || strcmp(value, "(nil)") == 0)
		return 0;
	return strtoull(value, NULL, 0);
}

static const char *text_of(const char *line, const char *name)
{
	static char value[256];

	return field(line, name, value, sizeof(value)) ? value : NULL;
}

#define SET_FIELD(type, name, meaning)                                                             \
	e->name = _Generic((e->name), const char *: text_of(line, #name),                          \
			   default: number(line, #name));

static void read_fields(struct rig_event *event, const char *line)
{
	switch (event->id) {
#define READ_CASE(system, name)                                                                    \
	case RIG_EVENT_##name: {                                                                   \
		struct rig_event_##name *e = &event->name;                                         \
		RIG_FIELDS_##name(SET_FIELD) break;                                                \
	}
		RIG_KMEM_EVENTS(READ_CASE)
	default:
		fail();
	}
}

static void read_head(struct rig_event *event, const char *line, char *comm)
{
	unsigned long long seconds, ns;
	char name[64], head[64];
	const char *bracket = strstr(line, " [0");
	char *dash;

	assert_non_null(bracket);
	snprintf(head, sizeof(head), "%.*s", (int)(bracket - line), line);
	dash = strrchr(head, '-');
	assert_non_null(dash);
	*dash = '\0';
	strcpy(comm, head + strspn(head, " "));
	event->comm = comm;
	event->pid = atoi(dash + 1);
	assert_int_equal(
		sscanf(bracket, " [%d] %llu.%llu: %63[^:]:", &event->cpu, &seconds, &ns, name), 4);
	event->time_ns = seconds * 1000000000 + ns;
	event->id = rig_event_find(name);
}

/* Replaces what trace-cmd misprints. */
static void correct(const struct rig_event *event, char *line)
{
	char *at = strstr(line, " page=0x");
	char copy[2048];

	if (at) {
		char *rest = strchr(at + 1, ' ');

		snprintf(copy, sizeof(copy), "%.*s page=0x%llx%s", (int)(at - line), line,
			 (unsigned long long)(RIG_VMEMMAP_START +
					      strtoull(strstr(line, "pfn=") + 4, NULL, 0) * 64),
			 rest);
		strcpy(line, copy);
	}
	at = strstr(line, "fragmenting=");
	if (at) {
		snprintf(copy, sizeof(copy), "%.*sfragmenting=%d%s", (int)(at - line), line,
			 event->mm_page_alloc_extfrag.fallback_order < 9, strchr(at, ' '));
		strcpy(line, copy);
	}
}

static void test_lines_are_the_kernels(void **state)
{
	const char *other = getenv("KMEMRIG_TEXT_PAIRS");
	FILE *in = other ? fopen(other, "r")
			 : popen("xz -dc tests/tracing/data/text-pairs.txt.xz", "r");
	struct rig_text_config config = { .pageblock_order = 9,
					  .memcg = true,
					  .symbol = only_symbol };
	char line[4096], comm[64], ours[2048], theirs[4096], site[256];
	unsigned long lines = 0, seen[RIG_NR_EVENTS] = { 0 };

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		struct rig_event event = { 0 };
		char *tab = strchr(line, '\t');
		char *plus;

		assert_non_null(tab);
		*tab = '\0';
		strcpy(theirs, tab + 1);
		theirs[strcspn(theirs, "\n")] = '\0';
		read_head(&event, line, comm);
		read_fields(&event, line);
		symbol_name[0] = '\0';
		if (field(line, "call_site", site, sizeof(site)) && (plus = strrchr(site, '+'))) {
			symbol_offset = strtoull(plus + 1, NULL, 0);
			*plus = '\0';
			strcpy(symbol_name, site);
		}
		correct(&event, theirs);
		rig_text_format(&config, &event, ours, sizeof(ours));
		assert_string_equal(ours, theirs);
		lines++;
		seen[event.id]++;
	}
	if (other)
		fclose(in);
	else
		assert_int_equal(pclose(in), 0);
	assert_true(lines > 200);
	for (int id = 0; id <= RIG_EVENT_rss_stat; id++)
		assert_true(seen[id] > 0);
}

static void test_ftrace_style_prints_null_and_unknown_symbols_as_the_kernel(void **state)
{
	struct rig_text_config config = { .style = RIG_TEXT_FTRACE };
	struct rig_event event = { .id = RIG_EVENT_kfree,
				   .cpu = 1,
				   .pid = 171,
				   .comm = "bash",
				   .time_ns = 30191271600,
				   .kfree = { .call_site = 0xffffffff81000010 } };
	char line[256];

	rig_text_format(&config, &event, line, sizeof(line));
	assert_string_equal(line, "            bash-171     [001] .....    30.191272: kfree: "
				  "call_site=0xffffffff81000010 ptr=0000000000000000");
}

static void test_failed_page_allocation_is_printed_as_pfn_0(void **state)
{
	struct rig_text_config config = { 0 };
	struct rig_event event = { .id = RIG_EVENT_mm_page_alloc,
				   .comm = "fio",
				   .pid = 5,
				   .mm_page_alloc = {
					   .pfn = ~0ULL, .order = 2, .gfp_flags = 0x40a20 } };
	char line[256];

	rig_text_format(&config, &event, line, sizeof(line));
	assert_non_null(strstr(line, "page=(nil) pfn=0x0 order=2 migratetype=0 "
				     "gfp_flags=GFP_ATOMIC|__GFP_COMP"));
}

static void test_reclaim_and_compaction_are_printed_as_the_kernel_does(void **state)
{
	static const struct {
		struct rig_event event;
		const char *text;
	} lines[] = {
		{ { .id = RIG_EVENT_mm_vmscan_kswapd_sleep, .mm_vmscan_kswapd_sleep = { 1 } },
		  "mm_vmscan_kswapd_sleep: nid=1" },
		{ { .id = RIG_EVENT_mm_vmscan_kswapd_wake, .mm_vmscan_kswapd_wake = { 0, 2, 3 } },
		  "mm_vmscan_kswapd_wake: nid=0 order=3" },
		{ { .id = RIG_EVENT_mm_vmscan_wakeup_kswapd,
		    .mm_vmscan_wakeup_kswapd = { 0, 2, 3, 0xa20 } },
		  "mm_vmscan_wakeup_kswapd: nid=0 order=3 gfp_flags=GFP_ATOMIC" },
		{ { .id = RIG_EVENT_mm_vmscan_direct_reclaim_begin,
		    .mm_vmscan_direct_reclaim_begin = { 0, 0xcc0 } },
		  "mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_KERNEL" },
		{ { .id = RIG_EVENT_mm_vmscan_direct_reclaim_end,
		    .mm_vmscan_direct_reclaim_end = { 32 } },
		  "mm_vmscan_direct_reclaim_end: nr_reclaimed=32" },
		{ { .id = RIG_EVENT_mm_shrink_slab_start,
		    .mm_shrink_slab_start = { 0xffff888000001000, 0xffffffff81000010, 1, 7, 0xcc0,
					      300, 2, 128, 12 } },
		  "mm_shrink_slab_start: 0xffffffff81000010 ffff888000001000: nid: 1 objects to "
		  "shrink 7 gfp_flags GFP_KERNEL cache items 300 delta 2 total_scan 128 priority "
		  "12" },
		{ { .id = RIG_EVENT_mm_shrink_slab_end,
		    .mm_shrink_slab_end = { 0xffff888000001000, 1, 0xffffffff81000010, 7, 8, 32,
					    64 } },
		  "mm_shrink_slab_end: 0xffffffff81000010 ffff888000001000: nid: 1 unused scan "
		  "count 7 new scan count 8 total_scan 64 last shrinker return val 32" },
		{ { .id = RIG_EVENT_mm_compaction_begin,
		    .mm_compaction_begin = { 0x1000, 0x1200, 0x3e00, 0x4000, 0 } },
		  "mm_compaction_begin: zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0x3e00 "
		  "zone_end=0x4000, mode=async" },
		{ { .id = RIG_EVENT_mm_compaction_end,
		    .mm_compaction_end = { 0x1000, 0x1200, 0x3e00, 0x4000, 1, 8 } },
		  "mm_compaction_end: zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0x3e00 "
		  "zone_end=0x4000, mode=sync status=success" },
		{ { .id = RIG_EVENT_mm_compaction_end,
		    .mm_compaction_end = { 0x1000, 0x1200, 0x3e00, 0x4000, 0, 5 } },
		  "mm_compaction_end: zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0x3e00 "
		  "zone_end=0x4000, mode=async status=complete" },
		{ { .id = RIG_EVENT_mm_compaction_isolate_migratepages,
		    .mm_compaction_isolate_migratepages = { 0x1000, 0x1020, 32, 7 } },
		  "mm_compaction_isolate_migratepages: range=(0x1000 ~ 0x1020) nr_scanned=32 "
		  "nr_taken=7" },
		{ { .id = RIG_EVENT_mm_compaction_isolate_freepages,
		    .mm_compaction_isolate_freepages = { 0x3e00, 0x4000, 512, 0 } },
		  "mm_compaction_isolate_freepages: range=(0x3e00 ~ 0x4000) nr_scanned=512 "
		  "nr_taken=0" },
		{ { .id = RIG_EVENT_mm_compaction_migratepages,
		    .mm_compaction_migratepages = { 5, 2 } },
		  "mm_compaction_migratepages: nr_migrated=5 nr_failed=2" },
		{ { .id = RIG_EVENT_mm_compaction_finished,
		    .mm_compaction_finished = { 0, 1, 9, 3 } },
		  "mm_compaction_finished: node=0 zone=DMA32    order=9 ret=no_suitable_page" },
		{ { .id = RIG_EVENT_mm_compaction_suitable,
		    .mm_compaction_suitable = { 1, 2, 3, 0 } },
		  "mm_compaction_suitable: node=1 zone=Normal   order=3 ret=not_suitable_zone" },
		{ { .id = RIG_EVENT_mm_compaction_deferred,
		    .mm_compaction_deferred = { 0, 0, 4, 3, 2, 1 } },
		  "mm_compaction_deferred: node=0 zone=DMA      order=4 order_failed=1 consider=3 "
		  "limit=4" },
		{ { .id = RIG_EVENT_mm_compaction_kcompactd_sleep,
		    .mm_compaction_kcompactd_sleep = { 1 } },
		  "mm_compaction_kcompactd_sleep: nid=1" },
		{ { .id = RIG_EVENT_mm_compaction_kcompactd_wake,
		    .mm_compaction_kcompactd_wake = { 0, 9, 4 } },
		  "mm_compaction_kcompactd_wake: nid=0 order=9 classzone_idx=Movable " },
		{ { .id = RIG_EVENT_mm_compaction_try_to_compact_pages,
		    .mm_compaction_try_to_compact_pages = { 5, 0xcc0, 2 } },
		  "mm_compaction_try_to_compact_pages: order=5 gfp_mask=GFP_KERNEL priority=2" },
	};
	struct rig_text_config config = { .style = RIG_TEXT_FTRACE };
	char line[512];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		rig_text_format(&config, &lines[i].event, line, sizeof(line));
		assert_string_equal(strstr(line, "mm_"), lines[i].text);
	}
}

static void test_gfp_names_go_there_and_back_in_every_version(void **state)
{
	static const char *const releases[] = { "5.10.0", "5.15.1", "6.1.0-56-amd64",
						"6.6.8",  "6.12.0", "6.18-rc1" };
	char text[RIG_GFP_TEXT_SIZE];
	u64 seed = 1, back;

	for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
		const struct rig_gfp_table *table = rig_gfp_table(releases[i]);

		for (int round = 0; round < 2000; round++) {
			u64 flags;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			flags = (seed >> 33) & (seed >> 20) & 0x1ffffff;
			rig_gfp_format(table, flags, text, sizeof(text));
			assert_int_equal(rig_gfp_parse(table, text, strlen(text), &back), 0);
			assert_int_equal(back, flags);
		}
	}
	assert_int_equal(rig_gfp_parse(rig_gfp_table(NULL), "GFP_NONSENSE", 12, &back), -EINVAL);
}

static void test_gfp_names_follow_the_version(void **state)
{
	char text[RIG_GFP_TEXT_SIZE];

	rig_gfp_format(rig_gfp_table("6.1"), 0xa20, text, sizeof(text));
	assert_string_equal(text, "GFP_ATOMIC");
	rig_gfp_format(rig_gfp_table("6.6"), 0x820, text, sizeof(text));
	assert_string_equal(text, "GFP_ATOMIC");
	rig_gfp_format(rig_gfp_table("6.1"), 0x820, text, sizeof(text));
	assert_string_equal(text, "GFP_NOWAIT|__GFP_HIGH");
	rig_gfp_format(rig_gfp_table("6.9"), 0x2800, text, sizeof(text));
	assert_string_equal(text, "GFP_NOWAIT");
	assert_int_equal(rig_gfp_translate(rig_gfp_table("6.6"), 0x820, rig_gfp_table("6.1")),
			 0xa20);
	assert_int_equal(rig_gfp_translate(rig_gfp_table("6.1"), 0xa20, rig_gfp_table("6.6")),
			 0x820);
	assert_int_equal(rig_gfp_translate(rig_gfp_table("6.6"), 0xcc0, rig_gfp_table("6.1")),
			 0xcc0);
	assert_int_equal(rig_gfp_translate(rig_gfp_table("6.14"), 0x12c1fff, rig_gfp_table("6.1")),
			 0x12c1fff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_the_kernels),
		cmocka_unit_test(test_ftrace_style_prints_null_and_unknown_symbols_as_the_kernel),
		cmocka_unit_test(test_failed_page_allocation_is_printed_as_pfn_0),
		cmocka_unit_test(test_reclaim_and_compaction_are_printed_as_the_kernel_does),
		cmocka_unit_test(test_gfp_names_go_there_and_back_in_every_version),
		cmocka_unit_test(test_gfp_names_follow_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
