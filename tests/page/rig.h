/* SPDX-License-Identifier: GPL-2.0-only */
/* What the page allocator's tests share: machines, and what they say. */
#ifndef TEST_PAGE_RIG_H
#define TEST_PAGE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <kmemrig/page.h>
#include <kmemrig/restore.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#define MIB (1UL << 20)

/* A machine of so much memory on one node; its CPU 0 is entered, failures are counted. */
struct rig_machine *test_boot(unsigned long mib, int nr_cpus);
struct rig_machine *test_boot_config(const struct rig_machine_config *config);
void test_end(struct rig_machine *machine);

/* All invariants hold, or the test fails with the one that does not. */
void test_check(struct rig_machine *machine);

/* What the machine's log said since the boot. */
const char *test_log(void);
/* Name of the check that failed last, "" for none; forgets it. */
const char *test_last_check(struct rig_machine *machine);

/* Free pages of a zone, those that CPUs keep count of for themselves too. */
unsigned long test_free_pages(const struct zone *zone);

/* Allocates pages of @order until it fails; returns how many came, linked by private. */
struct page *test_exhaust(gfp_t gfp, unsigned int order, unsigned long *nr);
void test_free_all(struct page *pages, unsigned int order);

#endif
