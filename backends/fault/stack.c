// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack that an allocation comes from: for the stack filters of fault attributes, for messages,
 * and for naming the caller of an allocation that was made to fail.
 *
 * A trace recorded elsewhere has one caller an event and no stack; the engine puts it into
 * cpu->call_site, which then stands before the frames of this process.
 */
#include <execinfo.h>
#include <string.h>

#include <linux/kernel.h>

#include "private.h"

#define FRAMES_OF_OURS 1 /* rig_stack_trace itself */
#define NAME_SIZE 160

unsigned int rig_stack_trace(struct rig_cpu *cpu, unsigned long *entries, unsigned int depth)
{
	void *frames[MAX_STACK_TRACE_DEPTH + FRAMES_OF_OURS];
	unsigned int nr = 0;
	int found;

	depth = min(depth, (unsigned int)MAX_STACK_TRACE_DEPTH);
	if (cpu->call_site && nr < depth)
		entries[nr++] = cpu->call_site;
	found = backtrace(frames, (int)(depth + FRAMES_OF_OURS));
	for (int i = FRAMES_OF_OURS; i < found && nr < depth; i++)
		entries[nr++] = (unsigned long)frames[i];
	return nr;
}

static bool starts_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Functions of the kernel's API that are not inlined into their caller. */
static bool is_api(const char *name)
{
	static const char *const prefixes[] = {
		"rig_",	     "kmem_cache_", "kmalloc",		"kzalloc",
		"krealloc",  "kcalloc",	    "kstrdup",		"kmemdup",
		"kvmalloc",  "vmalloc",	    "vzalloc",		"vmap",
		"mempool_",  "ioremap",	    "alloc_",		"get_zeroed_",
		"get_free_", "devm_",	    "devres_",		"dma_",
		"dmam_",     "kasprintf",   "kvasprintf",	"kthread_create",
		"request_",  "memdup_",	    "vmemdup_",		"bitmap_",
		"sg_",	     "sgl_",	    "platform_device_", "format_into_memory",
		"text_copy", "copy_of",	    "make_node"
	};

	name += strspn(name, "_");
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return true;
	return false;
}

/*
 * The frame outside of the outermost function of the allocators, but not beyond an interrupt:
 * what the interrupt came into did not ask for this memory.
 */
unsigned long rig_fault_call_site(struct rig_cpu *cpu)
{
	unsigned long entries[MAX_STACK_TRACE_DEPTH];
	unsigned int nr, last_api = 0;
	char name[NAME_SIZE];

	if (cpu->call_site)
		return cpu->call_site;
	nr = rig_stack_trace(cpu, entries, MAX_STACK_TRACE_DEPTH);
	for (unsigned int i = 0; i < nr; i++) {
		rig_symbol(entries[i], name, sizeof(name));
		if (starts_with(name, "rig_irq_serve") || starts_with(name, "rig_softirq_serve") ||
		    starts_with(name, "rig_run_work") || starts_with(name, "rig_command_"))
			break;
		if (is_api(name))
			last_api = i;
	}
	return last_api + 1 < nr ? entries[last_api + 1] : 0;
}
