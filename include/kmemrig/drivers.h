/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine's platform devices and drivers, as a part of it: see linux/platform_device.h. */
#ifndef KMEMRIG_DRIVERS_H
#define KMEMRIG_DRIVERS_H

struct rig_machine;

int rig_drivers_init(struct rig_machine *machine);
void rig_drivers_fini(struct rig_machine *machine);

#endif
