// SPDX-License-Identifier: GPL-2.0-only
/* /proc/slabinfo, version 2.1, byte for byte as Linux 6.1 prints it. */
#include <string.h>

#include "kmem_private.h"

static void show_cache(struct kmem_cache *cache, FILE *out)
{
	struct slabinfo info;

	memset(&info, 0, sizeof(info));
	if (cache->backend->slabinfo)
		cache->backend->slabinfo(cache, &info);
	fprintf(out, "%-17s %6lu %6lu %6u %4u %4d", cache->name, info.active_objs, info.num_objs,
		cache->size, info.objects_per_slab, 1 << info.cache_order);
	fprintf(out, " : tunables %4u %4u %4u", info.limit, info.batchcount, info.shared);
	fprintf(out, " : slabdata %6lu %6lu %6lu\n", info.active_slabs, info.num_slabs,
		info.shared_avail);
}

void rig_slabinfo_show(struct rig_machine *machine, FILE *out)
{
	struct kmem_cache *cache = NULL;

	fputs("slabinfo - version: 2.1\n"
	      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
	      " : tunables <limit> <batchcount> <sharedfactor>"
	      " : slabdata <active_slabs> <num_slabs> <sharedavail>\n",
	      out);
	while ((cache = rig_kmem_cache_next(machine, cache)))
		show_cache(cache, out);
}
