/* SPDX-License-Identifier: GPL-2.0-only */
/* Byte orders: the CPU is little endian. The C library's headers include this name too. */
#ifndef _ASM_BYTEORDER_H_RIG
#define _ASM_BYTEORDER_H_RIG

#include_next <asm/byteorder.h>

#define cpu_to_le64(x) __cpu_to_le64(x)
#define cpu_to_le32(x) __cpu_to_le32(x)
#define cpu_to_le16(x) __cpu_to_le16(x)
#define cpu_to_be64(x) __cpu_to_be64(x)
#define cpu_to_be32(x) __cpu_to_be32(x)
#define cpu_to_be16(x) __cpu_to_be16(x)
#define le64_to_cpu(x) __le64_to_cpu(x)
#define le32_to_cpu(x) __le32_to_cpu(x)
#define le16_to_cpu(x) __le16_to_cpu(x)
#define be64_to_cpu(x) __be64_to_cpu(x)
#define be32_to_cpu(x) __be32_to_cpu(x)
#define be16_to_cpu(x) __be16_to_cpu(x)

#endif
