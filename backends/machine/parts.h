/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share. */
#ifndef RIG_PARTS_H
#define RIG_PARTS_H

#include <kmemrig/backend.h>
#include <kmemrig/check.h>
#include <kmemrig/machine.h>

/*
 * A part of a machine: started in the order of the table once zones exist and free memory was
 * handed to the page allocator, ended in the opposite order. check may be NULL.
 */
struct rig_part {
	const char *name;
	int (*init)(struct rig_machine *machine); /* -errno */
	void (*fini)(struct rig_machine *machine);
	bool (*check)(struct rig_machine *machine, int tier, struct rig_verdict *verdict);
};

extern const struct rig_part rig_parts[];
extern const size_t rig_nr_parts;

void rig_random_init(struct rig_machine *machine, u64 seed);

/*
 * Firmware map to memblock to nodes and zones; free pages to the page backend (not on a bare
 * machine). -errno, with a line in @error.
 */
int rig_boot(struct rig_machine *machine, const struct rig_machine_config *config, char *error,
	     size_t error_size);
void rig_boot_fini(struct rig_machine *machine);

/*
 * What boot made: memblock's invariants (kmemrig/memblock.h), zone.span (a node has what its zones
 * have, a zone is not larger than its span), zone.managed (not more than is present).
 */
bool __must_check rig_boot_check(const struct rig_machine *machine, struct rig_verdict *verdict);

#endif
