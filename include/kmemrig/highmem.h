/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of pages above lowmem: the shared pool of kmap (LAST_PKMAP places) and each CPU's
 * stack of local mappings (KM_MAX_IDX places), as Linux 6.1's mm/highmem.c has them.
 */
#ifndef KMEMRIG_HIGHMEM_H
#define KMEMRIG_HIGHMEM_H

#include <kmemrig/check.h>
#include <kmemrig/cpu.h>
#include <linux/types.h>

struct page;
struct rig_machine;

/* x86 with PAE: two MiB of 4 KiB places. */
#define LAST_PKMAP 512
/* Local mappings of one CPU at a time. */
#define KM_MAX_IDX 16

/* The kernel's view of the two windows: where a 32-bit kernel has them, from the top. */
#define RIG_PKMAP_BASE 0xffffffffff800000UL
#define RIG_KMAP_LOCAL_BASE 0xffffffffffc00000UL

int rig_highmem_init(struct rig_machine *machine);
void rig_highmem_fini(struct rig_machine *machine);

/*
 * kmap(): an address for @page until as many rig_kunmap; a lowmem page's own. May sleep: when all
 * places are taken it waits for one to become free.
 */
void *rig_kmap(struct rig_cpu *cpu, struct page *page);
/* Too many is misuse ("highmem.kunmap"). Any context but interrupts. */
void rig_kunmap(struct rig_cpu *cpu, struct page *page);

/* kmap_local_page(): any context. More than KM_MAX_IDX at a time is misuse ("highmem.local"). */
void *rig_kmap_local(struct rig_cpu *cpu, struct page *page);
/* Any address in the mapping. Not the CPU's last mapping: misuse ("highmem.local_order"). */
void rig_kunmap_local(struct rig_cpu *cpu, const void *address);

struct page *rig_kmap_to_page(struct rig_cpu *cpu, const void *address);
void rig_kmap_flush_unused(struct rig_machine *machine);

/* Where kmap has a highmem page now, or NULL: what page_address() of one is. */
void *rig_kmapped_address(struct rig_machine *machine, const struct page *page);

/* The kernel's view of an address in the two windows; another address as it is. */
u64 rig_highmem_kernel_address(const struct rig_machine *machine, const void *host);

unsigned long rig_nr_free_highpages(const struct rig_machine *machine);
unsigned long rig_totalhigh_pages(const struct rig_machine *machine);

/* Invariants "highmem.*". */
bool rig_highmem_check(struct rig_machine *machine, int tier, struct rig_verdict *verdict);

/*
 * From now on a touch of memory of the current CPU's machine that is not mapped is reported as
 * the kernel would ("BUG: unable to handle page fault for address: ..."), with what lies there: a
 * highmem page without kmap, a guard page, a freed vmalloc area, device memory. Then the handler
 * that was there before goes on, or the run ends with exit code 3. Each machine that is made calls
 * it, in case someone else took the signal since.
 */
void rig_page_fault_report_install(void);

#endif
