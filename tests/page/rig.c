// SPDX-License-Identifier: GPL-2.0-only
/* Machines for tests, and what they say: see rig.h. */
#include "rig.h"

static char log_text[1 << 16];
static size_t log_used;

static void keep_line(struct rig_machine *machine, const char *line, void *data)
{
	size_t length = strlen(line);

	if (log_used + length + 2 > sizeof(log_text))
		return;
	memcpy(log_text + log_used, line, length);
	log_used += length;
	log_text[log_used++] = '\n';
	log_text[log_used] = '\0';
}

struct rig_machine *test_boot_config(const struct rig_machine_config *config)
{
	char error[300] = "";
	struct rig_machine *machine = rig_machine_create(config, error, sizeof(error));

	if (!machine)
		fail_msg("%s", error);
	machine->check->on_failure = RIG_FAILURE_COUNT;
	machine->check->print = keep_line;
	log_used = 0;
	log_text[0] = '\0';
	rig_cpu_enter(&machine->cpus[0]);
	return machine;
}

struct rig_machine *test_boot(unsigned long mib, int nr_cpus)
{
	struct rig_memory_range memory = { .base = 0, .size = mib * MIB };
	struct rig_machine_config config = {
		.name = "test", .memory = &memory, .nr_memory = 1, .nr_cpus = nr_cpus
	};

	return test_boot_config(&config);
}

void test_end(struct rig_machine *machine)
{
	rig_cpu_enter(NULL);
	rig_machine_destroy(machine);
}

void test_check(struct rig_machine *machine)
{
	struct rig_verdict verdict;

	if (!rig_machine_check(machine, 3, &verdict))
		fail_msg("%s: %s", verdict.name, verdict.detail);
}

const char *test_log(void)
{
	return log_text;
}

const char *test_last_check(struct rig_machine *machine)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s", machine->check->last_check);
	machine->check->last_check[0] = '\0';
	return name;
}

static bool add_block(unsigned long pfn, void *data)
{
	++*(unsigned long *)data;
	return true;
}

unsigned long test_free_pages(const struct zone *zone)
{
	unsigned long sum = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int mt = 0; mt < MIGRATE_TYPES; mt++) {
			unsigned long blocks = 0;

			rig_free_list_walk((struct zone *)zone, order, mt, add_block, &blocks);
			sum += blocks << order;
		}
	return sum;
}

struct page *test_exhaust(gfp_t gfp, unsigned int order, unsigned long *nr)
{
	struct page *first = NULL, *page;

	*nr = 0;
	while ((page = alloc_pages(gfp | __GFP_NOWARN, order))) {
		page->private = (unsigned long)first;
		first = page;
		++*nr;
	}
	return first;
}

void test_free_all(struct page *pages, unsigned int order)
{
	while (pages) {
		struct page *next = (struct page *)pages->private;

		__free_pages(pages, order);
		pages = next;
	}
}
