/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot and end of the resource tree. */
#ifndef RIG_IOMEM_H
#define RIG_IOMEM_H

#include <kmemrig/iomem.h>
#include <kmemrig/machine.h>

/* Memory, reservations and devices of the description. -ENOMEM. */
int rig_iomem_init(struct rig_machine *machine, const struct rig_machine_config *config);
void rig_iomem_fini(struct rig_machine *machine);

#endif
