/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's life, from loading to unloading. */
#ifndef EXAMPLE_LIFE_H
#define EXAMPLE_LIFE_H

/* @parameter: "bug=..." of the module. An exit status. */
int life(const char *parameter);

#endif
