/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events as ftrace text, in the kernel's own form: one line an event, in one of the two dialects
 * that tools read:
 *
 *	report   "trace-cmd report": call_site=name+0x1c ptr=0xffff...
 *	ftrace   the kernel's trace file with hash-ptr off: call_site=name+0x1c/0x40 ptr=ffff...
 *
 * Where trace-cmd misreads the format (page= of the mm_page events: it adds the pfn to the address
 * of the symbol vmemmap_base; fragmenting=), the kernel's meaning is printed.
 */
#ifndef KMEMRIG_TEXT_H
#define KMEMRIG_TEXT_H

#include <kmemrig/event.h>
#include <kmemrig/gfp_table.h>
#include <stdio.h>

enum rig_text_style {
	RIG_TEXT_REPORT,
	RIG_TEXT_FTRACE,
};

/* Zero means the default that the comment names. */
struct rig_text_config {
	enum rig_text_style style;
	const struct rig_gfp_table *gfp; /* 6.1's */
	unsigned int pageblock_order;	 /* MAX_ORDER - 1 */
	bool memcg; /* kmalloc's accounted= follows __GFP_ACCOUNT (CONFIG_MEMCG_KMEM) */
	/*
	 * The function that holds @address and how far inside; NULL: unknown. May be NULL: no
	 * symbols, addresses are printed.
	 */
	const char *(*symbol)(void *data, u64 address, u64 *offset, u64 *size);
	void *symbol_data;
};

/*
 * Writes one line without its newline. Returns the length that the whole line has, as snprintf
 * does. 1024 bytes hold any kmem event.
 */
int rig_text_format(const struct rig_text_config *config, const struct rig_event *event,
		    char *buffer, size_t size);

/* A sink that writes lines to a stream. */
struct rig_text {
	struct rig_event_sink sink; /* attach this one */
	struct rig_text_config config;
	FILE *out; /* the caller's */
	u64 lines;
	bool failed; /* a write failed: look at it when done */
};

/* @config is copied (NULL: defaults). All events are wanted; change text->sink.wanted before
 * attaching. */
void rig_text_init(struct rig_text *text, FILE *out, const struct rig_text_config *config);

#endif
