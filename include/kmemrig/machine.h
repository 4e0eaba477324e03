/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine: a simulated computer with physical memory, nodes, zones, CPUs, devices and a clock.
 * Several live in one process; nothing here is global.
 *
 * Every address has two views. The kernel's is what events and results show and what a kernel on
 * x86-64 (four-level paging, no KASLR) would use; the host's is where this process has the memory:
 *
 *	                kernel's view                      host's view
 *	direct map      0xffff888000000000 + physical      machine->direct_map + physical
 *	memory map      0xffffea0000000000 + pfn * 64      machine->vmemmap + pfn
 *	vmalloc space   0xffffc90000000000 + offset        machine->vmalloc_window + offset
 *
 * Host windows come first fit from one fixed range of addresses (window.h says which, and why), so
 * that a run repeats to the byte.
 */
#ifndef KMEMRIG_MACHINE_H
#define KMEMRIG_MACHINE_H

#include <kmemrig/cpu.h>
#include <kmemrig/event.h>
#include <kmemrig/page_size.h>
#include <linux/mmzone.h>
#include <linux/types.h>

#define RIG_PAGE_OFFSET 0xffff888000000000UL
#define RIG_VMEMMAP_START 0xffffea0000000000UL
#define RIG_VMALLOC_START 0xffffc90000000000UL

struct rig_memblock;
struct rig_resource;
struct page_backend;
struct slab_backend;
struct rig_check_policy;
struct rig_checked;

/* A piece of the firmware's memory map. */
struct rig_memory_range {
	phys_addr_t base; /* bytes */
	phys_addr_t size; /* bytes */
	int nid;
	unsigned int flags; /* enum rig_memory_flags */
	const char *name;   /* in /proc/iomem; NULL: "System RAM", "Reserved" */
};

enum rig_memory_flags {
	RIG_MEMORY_RESERVED = 1, /* not for the page allocator (firmware, kernel image) */
	RIG_MEMORY_HOTPLUG = 2,
	RIG_MEMORY_MIRROR = 4,
	RIG_MEMORY_NOMAP = 8,
};

struct rig_device_config {
	const char *model; /* a name that backends/ioremap knows */
	phys_addr_t base;
	u64 size;
	unsigned int irq;
	const char *name; /* in /proc/iomem; NULL: the model's */
	int node;	  /* its node in the device tree; any where there is none */
};

/* What to build. Zero means the default that the comment names. */
struct rig_machine_config {
	const char *name;
	const struct rig_memory_range *memory; /* RAM first, then reservations; copied */
	size_t nr_memory;
	const struct rig_device_config *devices;
	size_t nr_devices;
	int nr_cpus;		      /* 1 */
	int nr_nodes;		      /* one above the highest node that memory or a CPU names */
	const int *cpu_nid;	      /* [nr_cpus]; NULL: all on node 0 */
	const u8 *node_distance;      /* [nr_nodes * nr_nodes]; NULL: 10 here, 20 elsewhere */
	unsigned int pageblock_order; /* MAX_ORDER - 1; 9 on kernels with huge pages */
	bool huge_pages; /* per-CPU lists for pageblock_order (CONFIG_TRANSPARENT_HUGEPAGE) */
	unsigned long min_free_kbytes;	     /* the kernel's formula */
	unsigned int watermark_scale_factor; /* 10 */
	phys_addr_t
		lowmem_limit; /* bytes directly mapped; above is ZONE_HIGHMEM. 0: all is lowmem */
	unsigned long movablecore_pages; /* for ZONE_MOVABLE; 0 */
	const char *page_backend;	 /* "page" */
	const char *slab_backend;	 /* "slub" */
	u64 seed;		  /* of everything that uses chance; 0 is a seed like others */
	const char *command_line; /* the kernel's: "slub_debug=FZ slab_nomerge"; NULL: none */
	int check_tier;		  /* 0 .. 3: kmemrig/check.h */
	const void *devicetree;	  /* flattened; copied. NULL: described without one */
	bool bare; /* stop after zones exist and leave the free lists empty: a state is loaded next
		    */
};

struct rig_machine {
	char *name;
	/* physical memory */
	int memory_fd;		   /* sparse memfd: physical address = offset */
	u8 *direct_map;		   /* host; lowmem only */
	struct page *vmemmap;	   /* host */
	u8 *vmalloc_window;	   /* host; nothing mapped but live areas */
	u64 vmalloc_size;	   /* bytes of that window */
	unsigned long max_pfn;	   /* one above the last page frame */
	unsigned long max_low_pfn; /* one above the last directly mapped one */
	/* Where objects of the slab allocator may start: words of 8 bytes from the base on. */
	u8 *object_base;	       /* direct_map; NULL where objects are the host's memory */
	unsigned long object_limit;    /* words */
	struct rig_memblock *memblock; /* what boot knew (kmemrig/memblock.h); kept for reading */
	void *devicetree;	       /* flattened; NULL: there is none */
	struct rig_resource *iomem;    /* /proc/iomem (kmemrig/iomem.h) */
	/* nodes, zones, CPUs */
	struct pglist_data *nodes[MAX_NUMNODES]; /* NULL: no such node */
	int nr_nodes;				 /* one above the highest node */
	u8 *node_distance;			 /* [nr_nodes * nr_nodes] */
	struct rig_cpu *cpus;			 /* [nr_cpus] */
	int nr_cpus;
	unsigned int pageblock_order;
	bool huge_pages;
	bool bare; /* made bare: parts allocate nothing until a state was loaded */
	bool page_group_by_mobility_disabled;
	unsigned long min_free_kbytes;
	unsigned int watermark_scale_factor;
	unsigned int watermark_boost_factor;
	int lowmem_reserve_ratio[MAX_NR_ZONES];
	unsigned int percpu_pagelist_high_fraction; /* 0: the low watermark bounds the lists */
	atomic_long_t totalram_pages;
	/* time: virtual, nanoseconds since boot; moved by ops and replays only */
	u64 clock_ns;
	u64 seed;
	u64 random_state[4];
	char *command_line; /* never NULL; see rig_boot_option() */
	/* the parts; each owned by the folder of its name under backends/ */
	const struct page_backend *page;
	const struct slab_backend *slab;
	void (*daemons)(struct rig_cpu *cpu); /* when a task lets time pass; or NULL */
	void *page_private;
	struct rig_page_front *page_front; /* zonelists, reclaim: the front of page backends */
	void *slab_private;
	struct rig_checked *checked; /* the page backend "checked": its map of frames */
	struct rig_kmem *kmem;
	struct rig_vmalloc *vmalloc;
	struct rig_highmem *highmem;
	struct rig_ioremap *ioremap;
	struct rig_devices *devices;
	struct rig_irq *irq;
	struct rig_fault *fault;
	struct rig_percpu *percpu;
	struct rig_drivers *drivers;
	struct rig_proc *proc;
	/* out */
	struct rig_events events;
	struct rig_event_sink *trace; /* of a "kmemrig trace" around us; or NULL */
	struct rig_check_policy *check;
	int check_tier; /* changed later: rig_event_tell_cpus() */
};

/*
 * Builds and boots a machine: host windows, memblock from the firmware's map, zones, free pages
 * handed to the page allocator, slab boot, the other parts. Returns NULL and puts a one-line
 * reason into @error (of @error_size bytes) when the description makes no sense or the host has
 * no room.
 */
struct rig_machine *rig_machine_create(const struct rig_machine_config *config, char *error,
				       size_t error_size);

/*
 * Finds "name=value" or "name" among the words of the machine's kernel command line; the last one
 * counts. Copies the value ("" when there is none) into @value. Returns whether it was there.
 */
bool rig_boot_option(const struct rig_machine *machine, const char *name, char *value,
		     size_t value_size);

/* Ends all parts and gives the host's memory back. The machine's CPUs may not be in use. */
void rig_machine_destroy(struct rig_machine *machine);

static inline struct zone *rig_machine_zone(const struct rig_machine *machine, int nid,
					    enum zone_type type)
{
	return &machine->nodes[nid]->node_zones[type];
}

/* Host page <-> pfn. Any pfn below max_pfn has a struct page, holes too. */
static inline unsigned long rig_page_to_pfn(const struct rig_machine *machine,
					    const struct page *page)
{
	return (unsigned long)(page - machine->vmemmap);
}

static inline struct page *rig_pfn_to_page(const struct rig_machine *machine, unsigned long pfn)
{
	return machine->vmemmap + pfn;
}

/* Host address in the direct map <-> page. Lowmem only. */
static inline struct page *rig_virt_to_page(const struct rig_machine *machine, const void *address)
{
	return machine->vmemmap +
	       ((unsigned long)((const u8 *)address - machine->direct_map) >> PAGE_SHIFT);
}

static inline void *rig_page_address(const struct rig_machine *machine, const struct page *page)
{
	return machine->direct_map + (rig_page_to_pfn(machine, page) << PAGE_SHIFT);
}

/*
 * The kernel's view of a host address: of the direct map, the memory map or the vmalloc space;
 * an address outside of them (NULL too) is returned as it is.
 */
u64 rig_kernel_address(const struct rig_machine *machine, const void *host);

/*
 * The kernel's view of a code address of this process: the same in every run, wherever the host
 * loads its programs. What is not code of this process is returned as it is.
 */
u64 rig_code_address(u64 host);

/* The way back; NULL when nothing of the machine is there. */
void *rig_host_address(const struct rig_machine *machine, u64 kernel);

static inline struct zone *rig_page_zone(const struct rig_machine *machine, const struct page *page)
{
	return &machine->nodes[page_to_nid(page)]->node_zones[page_zonenum(page)];
}

/* A pseudo-random number from the machine's seed (xoshiro256**): the same on every host. */
u64 rig_random(struct rig_machine *machine);

#endif
