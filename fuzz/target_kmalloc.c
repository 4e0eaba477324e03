// SPDX-License-Identifier: GPL-2.0-only
/*
 * Target: kmalloc's API and the making of caches, against a naive model of what callers may count
 * on: all that ksize() tells is theirs, krealloc() keeps what was there and zeroes the rest when it
 * is always asked to, a failure in the middle of a call leaves nothing behind.
 *
 *	kmalloc.size		ksize() is less than what was asked for
 *	kmalloc.contents	an object does not hold what its owner wrote
 *	kmalloc.zeroed		bytes that have to be zero are not
 *	kmalloc.aligned		an object is not aligned as kmalloc promises
 *	slab.name		a cache is not found by a name that it was given
 *	slub.statistics		a file of /sys/kernel/slab tells more slabs than there are, or other
 *				objects than those that can be counted
 *	shadow.leak_*		what is left at the end (witness.h)
 *
 * Names of caches live in memory that ends with the call, as those of modules do.
 *
 * Input: the header of plan.h, then calls of a byte and their arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/fault_control.h>
#include <kmemrig/kmem.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/op.h>
#include <kmemrig/slub.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "run.h"
#include "witness.h"

#define NR_OBJECTS 64
#define NR_CACHES 8
#define CACHE_OBJECTS 24
#define MAX_CALLS 400
#define MAX_SIZE 20000

struct model_object {
	u8 *object; /* NULL: none */
	size_t size;
	bool zeroed; /* each request for it said __GFP_ZERO, and only its bytes were written */
	u8 mark;
};

struct model_cache {
	struct kmem_cache *cache; /* NULL: none */
	char name[32];
	void *objects[CACHE_OBJECTS];
};

struct model {
	struct rig_machine *machine;
	struct rig_cpu *cpu;
	struct task_struct task;
	struct model_object objects[NR_OBJECTS];
	struct model_cache caches[NR_CACHES];
};

static const struct fuzz_shape shape = { .name = "kmalloc", .max_cpus = 2, .max_nodes = 2 };

/* --- objects */

static void check_contents(const struct model *model, const struct model_object *of, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (of->object[i] != of->mark)
			fuzz_fail(model->machine, "kmalloc.contents",
				  "byte %zu of %zu is %#x, not %#x", i, size, of->object[i],
				  of->mark);
}

static void check_zero(const struct model *model, const struct model_object *of, size_t from,
		       size_t to)
{
	for (size_t i = from; i < to; i++)
		if (of->object[i])
			fuzz_fail(model->machine, "kmalloc.zeroed", "byte %zu of %zu is %#x", i, to,
				  of->object[i]);
}

static void check_new(const struct model *model, const struct model_object *of)
{
	size_t align = is_power_of_2(of->size) ? max(of->size, ARCH_KMALLOC_MINALIGN)
					       : ARCH_KMALLOC_MINALIGN;

	if ((of->object - model->machine->direct_map) & (long)(align - 1))
		fuzz_fail(model->machine, "kmalloc.aligned", "%zu bytes at %#llx", of->size,
			  (unsigned long long)rig_kernel_address(model->machine, of->object));
	if (rig_ksize(model->cpu, of->object) < of->size)
		fuzz_fail(model->machine, "kmalloc.size", "%zu, asked for %zu",
			  rig_ksize(model->cpu, of->object), of->size);
}

static void write_mark(struct model *model, struct model_object *of)
{
	of->mark = (u8)(of - model->objects + 1);
	memset(of->object, of->mark, of->size);
}

static gfp_t read_gfp(struct fuzz_bytes *bytes)
{
	u8 bits = fuzz_u8(bytes);

	return (bits & 1 ? GFP_KERNEL : GFP_ATOMIC) | __GFP_NOWARN | (bits & 6 ? __GFP_ZERO : 0);
}

static size_t read_size(struct fuzz_bytes *bytes)
{
	u16 bits = fuzz_u16(bytes);

	return 1 + (bits & 0xfff) % (8u << (bits >> 13)) + (bits >> 12 & 1 ? 0 : bits % 3 * 4096u);
}

static void call_kmalloc(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_object *of = &model->objects[fuzz_below(bytes, NR_OBJECTS)];
	gfp_t gfp = read_gfp(bytes);

	if (of->object)
		return;
	of->size = min(read_size(bytes), (size_t)MAX_SIZE);
	of->object = kmalloc(of->size, gfp);
	of->zeroed = gfp & __GFP_ZERO;
	if (!of->object)
		return;
	check_new(model, of);
	if (of->zeroed)
		check_zero(model, of, 0, of->size);
	write_mark(model, of);
}

static void call_krealloc(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_object *of = &model->objects[fuzz_below(bytes, NR_OBJECTS)];
	gfp_t gfp = read_gfp(bytes);
	size_t size = min(read_size(bytes), (size_t)MAX_SIZE), before = of->size;
	u8 *object;

	if (!of->object)
		return;
	/* who wants zeroes has to have said so all the time */
	if (of->zeroed)
		gfp |= __GFP_ZERO;
	object = krealloc(of->object, size, gfp);
	if (!object) {
		check_contents(model, of, before);
		return;
	}
	of->object = object;
	of->size = size;
	check_contents(model, of, min(before, size));
	/*
	 * SLOB zeroes the bytes asked for, but its blocks are of two bytes: the byte behind an odd
	 * number of them is copied as it was, in the kernel too.
	 */
	if (of->zeroed && !strcmp(model->machine->slab->name, "slob"))
		before += before & 1;
	if (of->zeroed && size > before)
		check_zero(model, of, before, size);
	of->zeroed = of->zeroed && gfp & __GFP_ZERO;
	if (rig_ksize(model->cpu, of->object) < of->size)
		fuzz_fail(model->machine, "kmalloc.size", "%zu, asked for %zu",
			  rig_ksize(model->cpu, of->object), of->size);
	write_mark(model, of);
}

/* Who asks for the size may use all of it. */
static void call_ksize(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_object *of = &model->objects[fuzz_below(bytes, NR_OBJECTS)];

	if (!of->object)
		return;
	check_contents(model, of, of->size);
	of->size = ksize(of->object);
	of->zeroed = false;
	write_mark(model, of);
}

static void drop(struct model *model, struct model_object *of, bool sensitive)
{
	check_contents(model, of, of->size);
	if (sensitive)
		kfree_sensitive(of->object);
	else
		kfree(of->object);
	of->object = NULL;
}

static void call_kfree(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_object *of = &model->objects[fuzz_below(bytes, NR_OBJECTS)];
	u8 bits = fuzz_u8(bytes);

	if (of->object)
		drop(model, of, bits & 1);
}

/* --- caches */

static void call_create(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_cache *of = &model->caches[fuzz_below(bytes, NR_CACHES)];
	unsigned int size = 1 + fuzz_u16(bytes) % 700;
	u8 bits = fuzz_u8(bytes);
	slab_flags_t flags = bits & 1 ? SLAB_HWCACHE_ALIGN : 0;
	char *name;

	if (of->cache)
		return;
	memset(of, 0, sizeof(*of));
	snprintf(of->name, sizeof(of->name), "fuzz-%td", of - model->caches);
	name = strdup(of->name);
	if (!name)
		abort();
	of->cache = kmem_cache_create(name, size, 0, flags, NULL);
	free(name);
	/* a merged cache may go on under the name of a user that is gone: any will do */
	if (of->cache && !rig_kmem_cache_find(model->machine, of->name))
		fuzz_fail(model->machine, "slab.name", "%s", of->name);
}

static void call_cache_alloc(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_cache *of = &model->caches[fuzz_below(bytes, NR_CACHES)];
	unsigned int first = fuzz_below(bytes, CACHE_OBJECTS), nr = 1 + fuzz_below(bytes, 8);

	for (unsigned int i = first; of->cache && i < min(first + nr, (unsigned int)CACHE_OBJECTS);
	     i++)
		if (!of->objects[i])
			of->objects[i] = kmem_cache_alloc(of->cache, GFP_KERNEL | __GFP_NOWARN);
}

static void call_cache_free(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_cache *of = &model->caches[fuzz_below(bytes, NR_CACHES)];
	unsigned int first = fuzz_below(bytes, CACHE_OBJECTS), nr = 1 + fuzz_below(bytes, 8);

	for (unsigned int i = first; of->cache && i < min(first + nr, (unsigned int)CACHE_OBJECTS);
	     i++)
		if (of->objects[i]) {
			kmem_cache_free(of->cache, of->objects[i]);
			of->objects[i] = NULL;
		}
}

static void end_cache(struct model *model, struct model_cache *of)
{
	for (int i = 0; i < CACHE_OBJECTS; i++)
		if (of->objects[i])
			kmem_cache_free(of->cache, of->objects[i]);
	kmem_cache_destroy(of->cache);
	memset(of, 0, sizeof(*of));
}

static void call_destroy(struct model *model, struct fuzz_bytes *bytes)
{
	struct model_cache *of = &model->caches[fuzz_below(bytes, NR_CACHES)];

	if (of->cache)
		end_cache(model, of);
}

static unsigned long statistic(struct kmem_cache *cache, const char *file)
{
	char text[200] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		abort();
	rig_slub_sysfs_show(cache, file, out);
	fclose(out);
	return strtoul(text, NULL, 10);
}

/* What SLUB tells of a cache fits together, and to the objects that are out. */
static void call_statistics(struct model *model, struct fuzz_bytes *bytes)
{
	const struct model_cache *of = &model->caches[fuzz_below(bytes, NR_CACHES)];
	unsigned long slabs, cpu_slabs, partial, objects, total, held = 0;

	if (!of->cache || strcmp(model->machine->slab->name, "slub") != 0)
		return;
	for (int i = 0; i < CACHE_OBJECTS; i++)
		held += of->objects[i] != NULL;
	slabs = statistic(of->cache, "slabs");
	cpu_slabs = statistic(of->cache, "cpu_slabs");
	partial = statistic(of->cache, "partial");
	objects = statistic(of->cache, "objects");
	total = statistic(of->cache, "total_objects");
	if (cpu_slabs > slabs || partial > slabs || objects > total || objects < held ||
	    total > slabs * statistic(of->cache, "objs_per_slab"))
		fuzz_fail(model->machine, "slub.statistics",
			  "%s: %lu slabs, %lu of CPUs, %lu partial; %lu objects of %lu, %lu held",
			  of->name, slabs, cpu_slabs, partial, objects, total, held);
}

/* --- failures */

/* The next calls' nth allocation fails, in the middle of what they set up. */
static void call_fail_nth(struct model *model, struct fuzz_bytes *bytes)
{
	rig_fault_fail_nth(model->machine, &model->task, fuzz_u8(bytes) % 12);
}

/* Something that takes many allocations to make. */
static void call_set_up(struct model *model, struct fuzz_bytes *bytes)
{
	mempool_t *pool =
		mempool_create_kmalloc_pool(1 + (int)fuzz_below(bytes, 8), 8 + fuzz_u8(bytes));

	mempool_destroy(pool);
}

static void call(struct model *model, struct fuzz_bytes *bytes)
{
	switch (fuzz_u8(bytes) % 16) {
	case 0 ... 2:
		call_kmalloc(model, bytes);
		break;
	case 3 ... 4:
		call_krealloc(model, bytes);
		break;
	case 5:
		call_ksize(model, bytes);
		break;
	case 6:
		call_kfree(model, bytes);
		break;
	case 7 ... 8:
		call_create(model, bytes);
		break;
	case 9:
		call_cache_alloc(model, bytes);
		break;
	case 10:
		call_cache_free(model, bytes);
		break;
	case 11:
		call_destroy(model, bytes);
		break;
	case 12:
		call_statistics(model, bytes);
		break;
	case 13:
		call_fail_nth(model, bytes);
		break;
	case 14:
		call_set_up(model, bytes);
		break;
	default:
		model->cpu = &model->machine->cpus[fuzz_u8(bytes) % model->machine->nr_cpus];
		rig_cpu_enter(model->cpu);
	}
}

static void end_all(struct model *model)
{
	rig_fault_fail_nth(model->machine, &model->task, 0);
	for (int i = 0; i < NR_OBJECTS; i++)
		if (model->objects[i].object)
			drop(model, &model->objects[i], false);
	for (int i = 0; i < NR_CACHES; i++)
		if (model->caches[i].cache)
			end_cache(model, &model->caches[i]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz_plan plan;
	static struct model model;
	struct fuzz_witness *witness;

	memset(&model, 0, sizeof(model));
	fuzz_plan_init(&plan, &shape, data, size);
	model.machine = fuzz_machine_create(&plan, false);
	if (!model.machine)
		return 0;
	model.task.pid = model.task.tgid = 1;
	strcpy(model.task.comm, "fuzz");
	witness = fuzz_witness_begin(model.machine, NULL, false);
	if (!witness)
		abort();
	model.cpu = &model.machine->cpus[0];
	rig_cpu_enter(model.cpu);
	for (int id = 0; id < model.machine->nr_cpus; id++)
		model.machine->cpus[id].task = &model.task;
	for (int i = 0; i < MAX_CALLS && fuzz_bytes_left(&plan.bytes); i++) {
		call(&model, &plan.bytes);
		if (i % 32 == 31)
			fuzz_machine_check(model.machine, 2);
	}
	end_all(&model);
	fuzz_machine_check(model.machine, 3);
	fuzz_witness_stop(witness);
	fuzz_witness_end(witness);
	rig_cpu_enter(NULL);
	rig_machine_destroy(model.machine);
	return 0;
}
