/* SPDX-License-Identifier: GPL-2.0-only */
/* CTF on disk: which traces a folder holds, and whether they can be decoded at all. */
#ifndef KMEMRIG_CTF_FOLDER_H
#define KMEMRIG_CTF_FOLDER_H

#include <linux/types.h>

#define RIG_CTF_MAX_TRACES 64
#define RIG_CTF_ERROR 4400

/*
 * The folders with a file "metadata", @path itself and those below it, in the order of their
 * names; their number. Each is the caller's to free. Those past RIG_CTF_MAX_TRACES are left out.
 */
int rig_ctf_find_traces(const char *path, char *traces[RIG_CTF_MAX_TRACES]);

/*
 * False, and file and byte in @error (RIG_CTF_ERROR bytes): the metadata of the trace in @folder is
 * empty, or a packet of it is not whole; libbabeltrace2's decoder turns in circles on that. The
 * text in the packets is not looked at.
 */
bool rig_ctf_metadata_whole(const char *folder, char *error);

#endif
