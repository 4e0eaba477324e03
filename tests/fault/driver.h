/* SPDX-License-Identifier: GPL-2.0-only */
/* A small driver whose error paths are right, or wrong in one way. */
#ifndef TEST_FAULT_DRIVER_H
#define TEST_FAULT_DRIVER_H

enum driver_bug { DRIVER_RIGHT, DRIVER_LEAKS, DRIVER_DEREFERENCES, DRIVER_FREES_TWICE };

/* Builds a machine, probes and removes the driver on it, takes the machine down. An exit status. */
int driver_main(enum driver_bug bug);

#endif
