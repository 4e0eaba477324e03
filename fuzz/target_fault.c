// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: fault injection against a naive model of the kernel's documentation: each request is
 * foretold to fail or not, and after each all files of the attribute are read back.
 *
 *	fault.decision		a request failed that should not have, or the other way round
 *	fault.attribute		a file holds something else than what was written, or counted, there
 *	fault.fail_nth		what is left of the task's fail-nth is not what was used up
 *
 * Probabilities between 0 and 100 leave the answer open; what follows from it (times) does not.
 * The attribute's message goes nowhere. One input is about one of the two attributes, so that no
 * request asks twice.
 *
 * Input: byte 0: which attribute; then calls of a byte and their arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/fault_control.h>
#include <kmemrig/kmem.h>
#include <kmemrig/page.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "run.h"

#define MAX_CALLS 400

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct task_struct task;
	bool pages; /* fail_page_alloc; otherwise failslab */
	/* the attribute's files */
	long probability, interval, times, space, verbose;
	bool task_filter, ignore_wait, ignore_highmem, cache_filter;
	unsigned int min_order;
	/* what else decides */
	unsigned long count;
	unsigned int fail_nth;
	bool make_it_fail;
};

static const struct rig_memory_range memory = { .base = 0, .size = 16UL << 20 };

/* --- what should happen */

enum answer { SERVED, FAILS, OPEN };

/* The attribute's members in the order of the kernel's should_fail(). */
static enum answer ask_attribute(struct model *model, long size, bool in_task)
{
	if (!model->probability)
		return SERVED;
	if (model->task_filter && !(in_task && model->make_it_fail))
		return SERVED;
	if (!model->times)
		return SERVED;
	if (model->space > size) {
		model->space -= size;
		return SERVED;
	}
	if (model->interval > 1 && ++model->count % (unsigned long)model->interval)
		return SERVED;
	return model->probability >= 100 ? FAILS : OPEN;
}

static bool filters_pass(const struct model *model, gfp_t gfp, unsigned int order)
{
	if ((gfp & __GFP_NOFAIL) || (model->ignore_wait && (gfp & __GFP_DIRECT_RECLAIM)))
		return false;
	if (!model->pages)
		return !model->cache_filter;
	return order >= model->min_order && !(model->ignore_highmem && (gfp & __GFP_HIGHMEM));
}

static enum answer foretell(struct model *model, gfp_t gfp, unsigned int order, long size,
			    bool in_task)
{
	enum answer answer;

	if (!filters_pass(model, gfp, order))
		return SERVED;
	if (in_task && model->fail_nth)
		answer = --model->fail_nth ? SERVED : FAILS;
	else
		answer = ask_attribute(model, size, in_task);
	return answer;
}

/* --- reading back */

static void expect_file(const struct model *model, const char *file, long expected)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "%s/%s", model->pages ? "fail_page_alloc" : "failslab", file);
	if (rig_fault_get(model->machine, path, text, sizeof(text)))
		fuzz_fail(model->machine, "fault.attribute", "%s can't be read", path);
	text[strcspn(text, "\n")] = '\0';
	if (text[0] == 'Y' || text[0] == 'N' ? (text[0] == 'Y') != expected
					     : strtol(text, NULL, 0) != expected)
		fuzz_fail(model->machine, "fault.attribute", "%s holds %s, expected %ld", path,
			  text, expected);
}

static void expect_files(const struct model *model)
{
	expect_file(model, "probability", model->probability);
	expect_file(model, "interval", model->interval);
	expect_file(model, "times", model->times);
	expect_file(model, "space", model->space);
	expect_file(model, "verbose", model->verbose);
	expect_file(model, "task-filter", model->task_filter);
	expect_file(model, "ignore-gfp-wait", model->ignore_wait);
	if (model->pages) {
		expect_file(model, "ignore-gfp-highmem", model->ignore_highmem);
		expect_file(model, "min-order", model->min_order);
	} else {
		expect_file(model, "cache-filter", model->cache_filter);
	}
	if (model->task.fail_nth != model->fail_nth)
		fuzz_fail(model->machine, "fault.fail_nth", "%u left, expected %u",
			  model->task.fail_nth, model->fail_nth);
}

/* --- calls */

static void write_file(struct model *model, const char *file, long value)
{
	char path[64], text[32], error[128];

	snprintf(path, sizeof(path), "%s/%s", model->pages ? "fail_page_alloc" : "failslab", file);
	snprintf(text, sizeof(text), "%ld", value);
	if (rig_fault_set(model->machine, path, text, error, sizeof(error)))
		fuzz_fail(model->machine, "fault.attribute", "%s: %s", path, error);
}

static void call_write(struct model *model, struct fuzz_bytes *bytes)
{
	static const u8 probabilities[] = { 0, 100, 100, 100, 100, 1, 50, 99 };
	u8 file = fuzz_u8(bytes) % 10, value = fuzz_u8(bytes);

	switch (file) {
	case 0 ... 1:
		write_file(model, "probability", model->probability = probabilities[value % 8]);
		break;
	case 2:
		write_file(model, "interval", model->interval = value % 5);
		break;
	case 3:
		write_file(model, "times", model->times = (value & 15) - 1);
		break;
	case 4:
		write_file(model, "space", model->space = value & 1 ? value * 4 : 0);
		break;
	case 5:
		write_file(model, "verbose", model->verbose = value % 3);
		break;
	case 6:
		write_file(model, "task-filter", model->task_filter = !(value & 3));
		break;
	case 7:
		write_file(model, "ignore-gfp-wait", model->ignore_wait = value & 1);
		break;
	case 8:
		if (model->pages)
			write_file(model, "ignore-gfp-highmem", model->ignore_highmem = value & 1);
		else
			write_file(model, "cache-filter", model->cache_filter = !(value & 7));
		break;
	default:
		if (model->pages)
			write_file(model, "min-order", model->min_order = value % 3);
	}
}

static gfp_t read_gfp(struct fuzz_bytes *bytes)
{
	static const gfp_t flags[] = { GFP_ATOMIC, GFP_KERNEL, GFP_NOWAIT, GFP_HIGHUSER };
	u8 bits = fuzz_u8(bytes);

	return flags[bits & 3] | (bits & 4 ? __GFP_NOWARN : 0) |
	       ((bits & 0x18) == 0x18 ? __GFP_NOFAIL : 0);
}

/* One request, in a task or in an interrupt, which has nobody to wait for. */
static bool request(struct model *model, gfp_t gfp, unsigned int order, size_t size, bool in_task)
{
	struct page *page = NULL;
	void *object = NULL;

	if (!in_task)
		model->cpu->preempt_count += HARDIRQ_OFFSET;
	if (model->pages) {
		page = rig_alloc_pages(model->cpu, gfp, order, NUMA_NO_NODE, NULL);
		if (page)
			rig_free_pages(model->cpu, page, order);
	} else {
		object = rig_kmalloc(model->cpu, size, gfp & ~__GFP_HIGHMEM, NUMA_NO_NODE, 0);
		if (object)
			rig_kfree(model->cpu, object, 0);
	}
	if (!in_task)
		model->cpu->preempt_count -= HARDIRQ_OFFSET;
	return page || object;
}

static void call_request(struct model *model, struct fuzz_bytes *bytes)
{
	gfp_t gfp = read_gfp(bytes);
	u8 bits = fuzz_u8(bytes);
	bool in_task = (bits & 3) || (gfp & __GFP_DIRECT_RECLAIM), served;
	unsigned int order = bits >> 2 & 3;
	size_t size = 8UL << (bits >> 2 & 7);
	enum answer answer;

	answer = foretell(model, gfp, order, model->pages ? 1L << order : (long)size, in_task);
	served = request(model, gfp, order, size, in_task);
	if (answer != OPEN && served != (answer == SERVED))
		fuzz_fail(model->machine, "fault.decision",
			  "gfp %#x order %u size %zu %s: %s; probability %ld interval %ld times "
			  "%ld space %ld, fail-nth %u",
			  (unsigned int)gfp, order, size, in_task ? "in a task" : "in an interrupt",
			  served ? "served" : "failed", model->probability, model->interval,
			  model->times, model->space, model->fail_nth);
	if (!served && model->times > 0)
		model->times--;
	expect_files(model);
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 8) {
	case 0 ... 2:
		call_write(model, bytes);
		break;
	case 3:
		model->make_it_fail = fuzz_u8(bytes) & 1;
		rig_fault_make_it_fail(model->machine, &model->task, model->make_it_fail);
		break;
	case 4:
		/* a new slab's pages would count, too: only where pages are asked for */
		model->fail_nth = model->pages ? fuzz_u8(bytes) % 6 : 0;
		rig_fault_fail_nth(model->machine, &model->task, model->fail_nth);
		break;
	default:
		call_request(model, bytes);
	}
}

static bool start(struct model *model, struct fuzz_bytes *bytes)
{
	static struct fuzz_plan plan;

	memset(model, 0, sizeof(*model));
	memset(&plan, 0, sizeof(plan));
	plan.config = (struct rig_machine_config){
		.name = "fault", .memory = &memory, .nr_memory = 1, .page_backend = "page"
	};
	model->machine = fuzz_machine_create(&plan, false);
	if (!model->machine)
		return false;
	model->cpu = &model->machine->cpus[0];
	model->task.pid = model->task.tgid = 1;
	strcpy(model->task.comm, "fuzz");
	rig_cpu_enter(model->cpu);
	model->cpu->task = &model->task;
	model->pages = fuzz_u8(bytes) & 1;
	/* the kernel's defaults */
	model->interval = 1;
	model->times = 1;
	model->verbose = 2;
	model->ignore_wait = true;
	model->ignore_highmem = true;
	model->min_order = 1;
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size, 0 };
	static struct model model;

	if (!start(&model, &bytes))
		return 0;
	expect_files(&model);
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&bytes); i++)
		call(&model, &bytes);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
