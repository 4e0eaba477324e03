// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's view of code: what events say of who called.
 *
 * The host loads programs at addresses that differ from run to run. Events show code where a kernel
 * on x86-64 has it: the program at the kernel's text, each shared object where a kernel would load
 * a module, in the order of linking, so that the same call has the same address in every run.
 *
 *	program             0xffffffff81000000 + offset in the program
 *	n-th shared object  0xffffffffa0000000 + n * 64 MiB + offset in the object
 *
 * An address of no object (a recorded kernel's, a test's number) stays as it is. The table of
 * objects is the process's; it grows under a mutex, and entries are never taken away.
 */
#include <link.h>
#include <pthread.h>

#include <kmemrig/machine.h>
#include <linux/compiler.h>

#define TEXT_BASE 0xffffffff81000000UL
#define MODULES_BASE 0xffffffffa0000000UL
#define MODULE_ROOM (64UL << 20)
#define USER_END 0x800000000000UL /* a host's program is below, a kernel above */
#define MAX_OBJECTS 22		  /* what fits below the end of the modules' range */

struct object {
	unsigned long start, end; /* host */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct object objects[MAX_OBJECTS];
static unsigned int nr_objects; /* published with release */

/* One pass over what is loaded: adds what is new, in order. */
static int note_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct object object = { ~0UL, 0 };

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		unsigned long start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD)
			continue;
		if (start < object.start)
			object.start = start;
		if (start + segment->p_memsz > object.end)
			object.end = start + segment->p_memsz;
	}
	if (object.start >= object.end)
		return 0;
	for (unsigned int i = 0; i < nr_objects; i++)
		if (objects[i].start == object.start)
			return 0;
	if (nr_objects == MAX_OBJECTS)
		return 1;
	objects[nr_objects] = object;
	smp_store_release(&nr_objects, nr_objects + 1);
	return 0;
}

static int find(unsigned long address)
{
	unsigned int nr = smp_load_acquire(&nr_objects);

	for (unsigned int i = 0; i < nr; i++)
		if (address >= objects[i].start && address < objects[i].end)
			return (int)i;
	return -1;
}

u64 rig_code_address(u64 host)
{
	int object;

	if (host == 0 || host >= USER_END)
		return host;
	object = find(host);
	if (unlikely(object < 0)) {
		pthread_mutex_lock(&lock);
		dl_iterate_phdr(note_object, NULL);
		pthread_mutex_unlock(&lock);
		object = find(host);
	}
	if (object < 0)
		return host;
	if (object == 0)
		return TEXT_BASE + (host - objects[0].start);
	return MODULES_BASE + (u64)(object - 1) * MODULE_ROOM + (host - objects[object].start);
}
