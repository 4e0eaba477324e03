/* SPDX-License-Identifier: GPL-2.0-only */
/* A macro's value as text: see linux/compiler.h. */
#ifndef _LINUX_STRINGIFY_H_RIG
#define _LINUX_STRINGIFY_H_RIG

#include <linux/compiler.h>

#endif
