/* SPDX-License-Identifier: GPL-2.0-only */
/* CTF traces with streams that were cut off. */
#ifndef KMEMRIG_CTF_CUT_H
#define KMEMRIG_CTF_CUT_H

#include <linux/types.h>

struct rig_ctf_cut {
	bool cut;	  /* a stream's packets are not all whole */
	char why[380];	  /* file and byte */
	char folder[300]; /* the trace without what is not whole; "": none */
};

/* True: @cut->folder is to be read instead of @folder. End it in any case. */
bool rig_ctf_cut_begin(struct rig_ctf_cut *cut, const char *folder);
void rig_ctf_cut_end(struct rig_ctf_cut *cut);

#endif
