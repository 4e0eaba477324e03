/* SPDX-License-Identifier: GPL-2.0-only */
/* Cache lines: 64 bytes, as on x86-64, unless CONFIG_X86_L1_CACHE_SHIFT says otherwise. */
#ifndef _LINUX_CACHE_H_RIG
#define _LINUX_CACHE_H_RIG

#include <linux/math.h>

#ifndef CONFIG_X86_L1_CACHE_SHIFT
#define CONFIG_X86_L1_CACHE_SHIFT 6
#endif

#define L1_CACHE_SHIFT CONFIG_X86_L1_CACHE_SHIFT
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x) ALIGN(x, L1_CACHE_BYTES)
#define cache_line_size() L1_CACHE_BYTES
#define ____cacheline_aligned __attribute__((__aligned__(SMP_CACHE_BYTES)))
#define ____cacheline_aligned_in_smp ____cacheline_aligned
#define ____cacheline_internodealigned_in_smp ____cacheline_aligned
#define __cacheline_aligned ____cacheline_aligned
#define __cacheline_aligned_in_smp ____cacheline_aligned

#endif
