// SPDX-License-Identifier: GPL-2.0-only
/*
 * The canary: a bug that is planted on request under the page backend "checked", and that every
 * campaign must find within seconds. After four blocks of order 2 were allocated without a free of
 * one between, a request for a fifth that may not sleep gets the second one again: the same frames
 * handed out twice. It takes a sequence of calls with the right arguments.
 */
#include <stdlib.h>
#include <string.h>

#include <kmemrig/checked.h>
#include <kmemrig/machine.h>

#include "run.h"

#define CANARY_ORDER 2
#define CANARY_BLOCKS 4

/* One canary a process: fuzzers run one machine at a time. */
static struct {
	struct page_backend table;
	const struct page_backend *original;
	struct page *blocks[CANARY_BLOCKS];
	unsigned int nr;
} canary;

static struct page *canary_alloc(struct rig_cpu *cpu, const struct rig_page_request *request)
{
	struct page *page;

	if (request->order != CANARY_ORDER)
		return canary.original->alloc(cpu, request);
	if (canary.nr == CANARY_BLOCKS && !(request->gfp & __GFP_DIRECT_RECLAIM)) {
		canary.nr = 0;
		return canary.blocks[1];
	}
	page = canary.original->alloc(cpu, request);
	if (page && canary.nr < CANARY_BLOCKS)
		canary.blocks[canary.nr++] = page;
	return page;
}

static void canary_free(struct rig_cpu *cpu, struct page *page, unsigned int order)
{
	if (order == CANARY_ORDER)
		canary.nr = 0;
	canary.original->free(cpu, page, order);
}

void fuzz_canary_plant(struct rig_machine *machine)
{
	const char *wanted = getenv("KMEMRIG_CANARY");

	if (!wanted || strcmp(wanted, "1") != 0 || strcmp(machine->page->name, "checked") != 0)
		return;
	canary.original = rig_checked_inner(machine);
	canary.table = *canary.original;
	canary.table.alloc = canary_alloc;
	canary.table.free = canary_free;
	canary.nr = 0;
	rig_checked_set_inner(machine, &canary.table);
}
