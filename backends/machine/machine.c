// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine's life: host windows and physical memory, CPUs, boot, the parts, and the end.
 *
 * Physical memory is one sparse memfd whose offsets are physical addresses; lowmem is mapped at
 * direct_map, highmem is not. The memory map is anonymous memory that the host fills with zeroes
 * when it is first touched.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kmemrig/device.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/highmem.h>
#include <kmemrig/kmem_cache.h>
#include <kmemrig/lttng.h>
#include <kmemrig/machine.h>
#include <kmemrig/plugin.h>
#include <linux/kernel.h>

#include "parts.h"
#include <kmemrig/window.h>

#if defined(__SANITIZE_THREAD__)
#define VMALLOC_WINDOW (16UL << 30)
#else
#define VMALLOC_WINDOW (1UL << 40)
#endif

#define MAX_PHYSICAL (64UL << 40) /* the direct map of four-level paging */

static int fail(char *error, size_t size, int code, const char *format, ...) __printf(4, 5);

static int fail(char *error, size_t size, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return code;
}

static int find_size(struct rig_machine *machine, const struct rig_machine_config *config,
		     char *error, size_t error_size)
{
	phys_addr_t end = 0;

	for (size_t i = 0; i < config->nr_memory; i++) {
		const struct rig_memory_range *range = &config->memory[i];

		if (range->flags & RIG_MEMORY_RESERVED)
			continue;
		if (range->base > MAX_PHYSICAL || range->size > MAX_PHYSICAL - range->base)
			return fail(error, error_size, -EINVAL,
				    "memory at %#llx, %#llx bytes: ends above 64 TiB",
				    (unsigned long long)range->base,
				    (unsigned long long)range->size);
		end = max(end, range->base + range->size);
	}
	machine->max_pfn = PFN_DOWN(end);
	machine->max_low_pfn = machine->max_pfn;
	if (config->lowmem_limit)
		machine->max_low_pfn = min(machine->max_pfn, PFN_DOWN(config->lowmem_limit));
	if (machine->max_pfn == 0)
		return fail(error, error_size, -EINVAL, "the machine has no memory");
	return 0;
}

/* The memory map reaches to the end of the last block of the highest order. */
static u64 vmemmap_size(const struct rig_machine *machine)
{
	return ALIGN(machine->max_pfn, MAX_ORDER_NR_PAGES) * sizeof(struct page);
}

static int map_memory(struct rig_machine *machine, char *error, size_t error_size)
{
	u64 direct_size = PFN_PHYS(machine->max_low_pfn);

	machine->memory_fd = memfd_create(machine->name, MFD_CLOEXEC);
	if (machine->memory_fd < 0 ||
	    ftruncate(machine->memory_fd, (off_t)PFN_PHYS(machine->max_pfn)) != 0)
		return fail(error, error_size, -errno, "physical memory of %llu bytes: %s",
			    (unsigned long long)PFN_PHYS(machine->max_pfn), strerror(errno));
	/* Highmem is not mapped, but its addresses are ours too: a stray touch faults. */
	machine->direct_map = rig_window_reserve(PFN_PHYS(machine->max_pfn));
	machine->vmemmap = rig_window_reserve(vmemmap_size(machine));
	machine->vmalloc_window = rig_window_reserve(VMALLOC_WINDOW);
	machine->vmalloc_size = VMALLOC_WINDOW;
	if (!machine->direct_map || !machine->vmemmap || !machine->vmalloc_window)
		return fail(error, error_size, -ENOMEM, "host windows: %s", strerror(errno));
	if (mmap(machine->direct_map, direct_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, machine->memory_fd, 0) == MAP_FAILED)
		return fail(error, error_size, -errno, "direct map: %s", strerror(errno));
	if (mmap(machine->vmemmap, vmemmap_size(machine), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return fail(error, error_size, -errno, "memory map: %s", strerror(errno));
	madvise(machine->direct_map, direct_size, MADV_DONTDUMP);
	/* One touched struct page may not cost 2 MiB. */
	madvise(machine->vmemmap, vmemmap_size(machine), MADV_NOHUGEPAGE);
	return 0;
}

static int make_cpus(struct rig_machine *machine, const struct rig_machine_config *config,
		     char *error, size_t error_size)
{
	machine->nr_cpus = config->nr_cpus ? config->nr_cpus : 1;
	if (machine->nr_cpus < 0 || machine->nr_cpus > RIG_NR_CPUS)
		return fail(error, error_size, -EINVAL, "%d CPUs: 1 to %d are possible",
			    machine->nr_cpus, RIG_NR_CPUS);
	machine->cpus = aligned_alloc(64, sizeof(*machine->cpus) * (size_t)machine->nr_cpus);
	if (!machine->cpus)
		return fail(error, error_size, -ENOMEM, "no host memory for CPUs");
	memset(machine->cpus, 0, sizeof(*machine->cpus) * (size_t)machine->nr_cpus);
	for (int id = 0; id < machine->nr_cpus; id++) {
		struct rig_cpu *cpu = &machine->cpus[id];

		cpu->machine = machine;
		cpu->id = id;
		cpu->list_at = (unsigned long)id * KMEM_CPU_LIST_STRIDE;
		cpu->nid = config->cpu_nid ? config->cpu_nid[id] : 0;
		cpu->online = true;
		snprintf(cpu->idle.comm, sizeof(cpu->idle.comm), "swapper/%d", id % RIG_NR_CPUS);
		cpu->task = &cpu->idle;
	}
	rig_event_tell_cpus(machine);
	return 0;
}

static int choose_backends(struct rig_machine *machine, const struct rig_machine_config *config,
			   char *error, size_t error_size)
{
	const char *page = config->page_backend ? config->page_backend : "page";
	const char *slab = config->slab_backend ? config->slab_backend : "slub";

	machine->page = rig_is_plugin(page) ? rig_load_page_backend(page, error, error_size)
					    : rig_find_page_backend(page);
	if (!machine->page)
		return rig_is_plugin(page) ? -ENOENT
					   : fail(error, error_size, -ENOENT,
						  "unknown page backend '%s'", page);
	machine->slab = rig_is_plugin(slab) ? rig_load_slab_backend(slab, error, error_size)
					    : rig_find_slab_backend(slab);
	if (!machine->slab)
		return rig_is_plugin(slab) ? -ENOENT
					   : fail(error, error_size, -ENOENT,
						  "unknown slab backend '%s'", slab);
	return 0;
}

static int set_basics(struct rig_machine *machine, const struct rig_machine_config *config,
		      char *error, size_t error_size)
{
	machine->memory_fd = -1;
	machine->bare = config->bare;
	machine->name = strdup(config->name ? config->name : "machine");
	machine->command_line = strdup(config->command_line ? config->command_line : "");
	machine->check = calloc(1, sizeof(*machine->check));
	if (config->devicetree) {
		machine->devicetree = malloc(fdt_totalsize(config->devicetree));
		if (machine->devicetree)
			memcpy(machine->devicetree, config->devicetree,
			       fdt_totalsize(config->devicetree));
	}
	if (!machine->name || !machine->command_line || !machine->check ||
	    (config->devicetree && !machine->devicetree))
		return fail(error, error_size, -ENOMEM, "no host memory");
	machine->check_tier = config->check_tier;
	machine->pageblock_order =
		config->pageblock_order ? config->pageblock_order : MAX_ORDER - 1;
	machine->huge_pages = config->huge_pages;
	machine->min_free_kbytes = config->min_free_kbytes;
	machine->watermark_scale_factor =
		config->watermark_scale_factor ? config->watermark_scale_factor : 10;
	if (machine->pageblock_order >= MAX_ORDER)
		return fail(error, error_size, -EINVAL, "pageblock order %u: %d is the highest",
			    machine->pageblock_order, MAX_ORDER - 1);
	rig_random_init(machine, config->seed);
	return 0;
}

static int start_parts(struct rig_machine *machine, char *error, size_t error_size)
{
	for (size_t i = 0; i < rig_nr_parts; i++) {
		int code = rig_parts[i].init(machine);

		if (code) {
			fail(error, error_size, code, "%s does not start: %s", rig_parts[i].name,
			     strerror(-code));
			while (i-- > 0)
				rig_parts[i].fini(machine);
			return code;
		}
	}
	return 0;
}

/* Gives back everything but the parts, which have ended or never started. */
static void free_machine(struct rig_machine *machine)
{
	if (rig_this_cpu() && rig_this_cpu()->machine == machine)
		rig_cpu_enter(NULL);
	rig_trace_detach(machine);
	rig_boot_fini(machine);
	rig_window_release(machine->direct_map, PFN_PHYS(machine->max_pfn));
	rig_window_release(machine->vmemmap, vmemmap_size(machine));
	rig_window_release(machine->vmalloc_window, VMALLOC_WINDOW);
	if (machine->memory_fd >= 0)
		close(machine->memory_fd);
	free(machine->cpus);
	free(machine->check);
	free(machine->devicetree);
	free(machine->command_line);
	free(machine->name);
	free(machine);
}

struct rig_machine *rig_machine_create(const struct rig_machine_config *config, char *error,
				       size_t error_size)
{
	struct rig_machine *machine = calloc(1, sizeof(*machine));
	bool started = false;

	if (!machine) {
		fail(error, error_size, -ENOMEM, "no host memory");
		return NULL;
	}
	started = set_basics(machine, config, error, error_size) == 0 &&
		  choose_backends(machine, config, error, error_size) == 0 &&
		  find_size(machine, config, error, error_size) == 0 &&
		  map_memory(machine, error, error_size) == 0 &&
		  make_cpus(machine, config, error, error_size) == 0 &&
		  rig_trace_attach(machine, error, error_size) == 0 &&
		  rig_boot(machine, config, error, error_size) == 0;
	if (started && start_parts(machine, error, error_size) == 0) {
		if (rig_devices_from_config(machine, config, error, error_size)) {
			rig_machine_destroy(machine);
			return NULL;
		}
		rig_fault_watch_begin(machine);
		return machine;
	}
	free_machine(machine);
	return NULL;
}

void rig_machine_destroy(struct rig_machine *machine)
{
	if (!machine)
		return;
	rig_fault_watch_end(machine);
	for (size_t i = rig_nr_parts; i-- > 0;)
		rig_parts[i].fini(machine);
	free_machine(machine);
}

bool rig_boot_option(const struct rig_machine *machine, const char *name, char *value,
		     size_t value_size)
{
	size_t length = strlen(name);
	bool found = false;

	for (const char *word = machine->command_line; *word;) {
		size_t word_length = strcspn(word, " ");
		const char *rest = word + length;

		if (word_length >= length && strncmp(word, name, length) == 0 &&
		    (word_length == length || *rest == '=')) {
			int rest_length = (int)(word_length - length);

			found = true;
			if (value_size)
				snprintf(value, value_size, "%.*s", max(rest_length - 1, 0),
					 rest_length ? rest + 1 : "");
		}
		word += word_length;
		word += strspn(word, " ");
	}
	return found;
}

u64 rig_kernel_address(const struct rig_machine *machine, const void *host)
{
	u64 address = (u64)host;
	u64 direct = address - (u64)machine->direct_map;
	u64 map = address - (u64)machine->vmemmap;
	u64 vmalloc = address - (u64)machine->vmalloc_window;

	if (likely(direct < PFN_PHYS(machine->max_low_pfn)))
		return RIG_PAGE_OFFSET + direct;
	if (map < vmemmap_size(machine))
		return RIG_VMEMMAP_START + map;
	if (vmalloc < machine->vmalloc_size)
		return RIG_VMALLOC_START + vmalloc;
	return rig_highmem_kernel_address(machine, host);
}

void *rig_host_address(const struct rig_machine *machine, u64 kernel)
{
	if (kernel - RIG_PAGE_OFFSET < PFN_PHYS(machine->max_low_pfn))
		return machine->direct_map + (kernel - RIG_PAGE_OFFSET);
	if (kernel - RIG_VMEMMAP_START < vmemmap_size(machine))
		return (u8 *)machine->vmemmap + (kernel - RIG_VMEMMAP_START);
	if (kernel - RIG_VMALLOC_START < machine->vmalloc_size)
		return machine->vmalloc_window + (kernel - RIG_VMALLOC_START);
	return NULL;
}
