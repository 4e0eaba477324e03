/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SLUB beyond the contract of slab backends: validation and the files that a kernel shows in
 * /sys/kernel/slab. Only for caches of a machine whose slab backend is "slub".
 */
#ifndef KMEMRIG_SLUB_H
#define KMEMRIG_SLUB_H

#include <kmemrig/kmem.h>
#include <stdio.h>

/*
 * Looks at every slab of the cache, with the checks that its debugging flags name
 * (validate_slab_cache); what is wrong is reported. Returns the slabs looked at.
 */
long rig_slub_validate(struct kmem_cache *cache);

/*
 * From now on errors that debugging finds are counted in @errors instead of being reported; NULL:
 * reported again. For tests that provoke them.
 */
void rig_slub_count_errors(struct rig_machine *machine, int *errors);

/*
 * What the CPU's next allocation begins with, and the number of the last change of that: a free
 * list that changed has a new number, or an interrupted fast path would not notice.
 */
void rig_slub_cpu_state(const struct kmem_cache *cache, const struct rig_cpu *cpu,
			const void **freelist, unsigned long *tid);

/*
 * Writes what /sys/kernel/slab/CACHE/@file would hold. False: there is no such file. Files: align
 * aliases cache_dma cpu_partial cpu_slabs ctor destroy_by_rcu hwcache_align min_partial object_size
 * objects objects_partial objs_per_slab order partial poison reclaim_account red_zone
 * remote_node_defrag_ratio sanity_checks slab_size slabs slabs_cpu_partial store_user total_objects
 * trace usersize failslab.
 */
bool rig_slub_sysfs_show(struct kmem_cache *cache, const char *file, FILE *out);

/* Writes to such a file (min_partial cpu_partial shrink validate failslab); -errno. */
int rig_slub_sysfs_store(struct kmem_cache *cache, const char *file, const char *value);

#endif
