/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that are written line by line. Named here for code that mentions it; nothing uses it. */
#ifndef _LINUX_SEQ_FILE_H_RIG
#define _LINUX_SEQ_FILE_H_RIG

struct seq_file;

#endif
