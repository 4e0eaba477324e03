/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ops: the one currency that goes into a machine. Fuzzers decode bytes into ops, scripts are ops in
 * text, tests build them by hand, and all of them end here. An op is one call of the kernel's
 * allocation API (or a step of the world: time, CPU, a fault attribute), with slots for what the
 * calls return:
 *
 *	struct rig_ops *ops = rig_ops_create(machine, &(struct rig_ops_config){ .slots = 64 });
 *	rig_op_parse(&op, "k 3 100 cc0", error, sizeof(error));
 *	rig_op_perform(ops, &op, &result);
 *	rig_op_format_result(&op, &result, RIG_RESULT_FULL, text, sizeof(text));
 *
 * An op that makes no sense (a slot in use, an empty one, a cache that is not there, a number out
 * of bounds) is skipped and says so; no sequence of ops is a misuse of the allocators. Whoever
 *wants misuse (tests of the checks) calls the API itself.
 */
#ifndef KMEMRIG_OP_H
#define KMEMRIG_OP_H

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/gfp_types.h>
#include <linux/types.h>
#include <stdio.h>

/*
 * OP(letter, NAME, arguments, meaning). The text form of an op is its letter and its arguments,
 * separated by blanks; what stands in brackets may be left out. Numbers marked (hex) are
 * hexadecimal without 0x, the others decimal. Letters and answers are those of the scripts that ran
 * inside real kernels, where those have them.
 */
#define RIG_OPS(OP)                                                                                \
	OP('c', CACHE_CREATE, "ID SIZE ALIGN FLAGS(hex) CTOR", "kmem_cache_create")                \
	OP('a', CACHE_ALLOC, "SLOT ID [GFP(hex) [NODE]]", "kmem_cache_alloc")                      \
	OP('m', CACHE_ALLOC_BULK, "SLOT ID COUNT [GFP(hex)]", "kmem_cache_alloc_bulk")             \
	OP('k', KMALLOC, "SLOT SIZE GFP(hex) [NODE]", "kmalloc")                                   \
	OP('r', KREALLOC, "SLOT SIZE GFP(hex)", "krealloc of what the slot holds")                 \
	OP('f', FREE, "SLOT", "free what the slot holds")                                          \
	OP('D', CACHE_DESTROY, "ID", "kmem_cache_destroy; skipped while it has objects")           \
	OP('S', CACHE_SHRINK, "ID", "kmem_cache_shrink")                                           \
	OP('p', PAGE_ALLOC, "SLOT ORDER GFP(hex) [NODE]", "alloc_pages")                           \
	OP('b', PAGE_ALLOC_BULK, "SLOT COUNT GFP(hex) [NODE]", "alloc_pages_bulk_array_node")      \
	OP('e', PAGE_ALLOC_EXACT, "SLOT SIZE GFP(hex)", "alloc_pages_exact")                       \
	OP('L', PAGE_FREE_LIST, "SLOT COUNT",                                                      \
	   "free the order-0 pages of COUNT slots from SLOT on as one batch (release_pages)")      \
	OP('d', DRAIN, "", "drain_local_pages: the CPU's page lists back to their zones")          \
	OP('h', KMAP, "SLOT", "kmap the slot's page")                                              \
	OP('H', KUNMAP, "SLOT", "kunmap it")                                                       \
	OP('v', VMALLOC, "SLOT SIZE [GFP(hex)]", "vmalloc")                                        \
	OP('V', VMALLOC_PURGE, "", "vm_unmap_aliases: purge what was freed lazily")                \
	OP('B', VMALLOC_USED, "OFFSET(hex) SIZE(hex)",                                             \
	   "an area in use from the start, guard page included; offset from VMALLOC_START")        \
	OP('P', MEMPOOL_CREATE, "ID MIN CACHE", "mempool_create_slab_pool")                        \
	OP('M', MEMPOOL_ALLOC, "SLOT ID GFP(hex)", "mempool_alloc")                                \
	OP('Q', MEMPOOL_DESTROY, "ID", "mempool_destroy; skipped while it has objects")            \
	OP('i', IOREMAP, "SLOT PHYSICAL(hex) SIZE(hex)", "ioremap")                                \
	OP('R', DEVICE_READ, "SLOT OFFSET(hex) WIDTH", "readb, readw, readl, readq")               \
	OP('W', DEVICE_WRITE, "SLOT OFFSET(hex) WIDTH VALUE(hex)",                                 \
	   "writeb, writew, writel, writeq")                                                       \
	OP('u', CPU, "CPU", "the ops after this one run on that CPU")                              \
	OP('t', TIME, "NANOSECONDS", "time passes")                                                \
	OP('A', FAULT_ATTRIBUTE, "ATTRIBUTE/FILE VALUE", "write to a file of a fault attribute")   \
	OP('F', MAKE_IT_FAIL, "0|1", "the task's make-it-fail")                                    \
	OP('n', FAIL_NTH, "N", "write the task's fail-nth; answers what was left of the last one") \
	OP('C', CHECK, "TIER", "check the machine's invariants up to that tier")

enum rig_op_kind {
#define RIG_OP_KIND(letter, name, arguments, meaning) RIG_OP_##name,
	RIG_OPS(RIG_OP_KIND)
#undef RIG_OP_KIND
		RIG_NR_OPS
};

/* Only the fields that the kind's arguments name mean something; the others are ignored. */
struct rig_op {
	enum rig_op_kind kind;
	unsigned int slot;
	unsigned int id;    /* of a cache or a mempool */
	unsigned int cache; /* 'P': the cache behind the pool */
	unsigned int order; /* of pages */
	unsigned int count; /* slots, objects or pages; fail-nth's N; 'P': MIN */
	unsigned int align; /* bytes */
	unsigned int flags; /* slab_flags_t */
	unsigned int gfp;   /* gfp_t */
	unsigned int width; /* bytes of a device access: 1, 2, 4, 8 */
	unsigned int cpu;
	unsigned int tier;
	int node;	    /* NUMA_NO_NODE: wherever */
	bool yes;	    /* 'c': with a constructor; 'F' */
	u64 size;	    /* bytes; 'i': of the mapping */
	u64 offset;	    /* bytes; 'i': the physical address; 't': nanoseconds */
	u64 value;	    /* of a device write */
	char attribute[48]; /* "failslab/probability" */
	char text[80];	    /* what is written there */
};

enum rig_op_status {
	RIG_OP_DONE,
	RIG_OP_FAILED,	/* the call was made and returned NULL or -errno */
	RIG_OP_SKIPPED, /* nothing was done: the op makes no sense now */
	RIG_OP_BROKEN,	/* a check failed: result.verdict */
};

struct rig_op_result {
	enum rig_op_status status;
	bool zero_size; /* kmalloc(0): ZERO_SIZE_PTR */
	u64 address;	/* kernel's view; 0: none. vmalloc: the area */
	u64 pfn;	/* first page frame of the slab or block */
	unsigned int order;
	bool slab; /* on a slab page */
	u64 size;  /* ksize; 'c': the cache's object size */
	s64 value; /* 'S': what it returned; 'R': what was read; 'n': left; 'm', 'b': got */
	struct rig_verdict verdict;
};

enum rig_result_form {
	RIG_RESULT_FULL,  /* addresses: "a SLOT ADDRESS PFN ORDER SLAB" */
	RIG_RESULT_SHORT, /* "a SLOT ok" or "a SLOT NULL", and fail-nth's answers; nothing else */
};

struct rig_ops_config {
	unsigned int slots;  /* 0: 1024; at most RIG_OP_MAX_SLOTS */
	unsigned int caches; /* 0: 64 */
	u64 max_size;	     /* bytes of one kmalloc, vmalloc or krealloc; 0: 16 MiB */
	/*
	 * Fill what is handed out with a pattern of its slot and look at it before the free: finds
	 * memory that was handed out twice, or written to by an allocator while in use. A
	 * difference is a broken invariant, "op.contents".
	 */
	bool fill;
	int check_tier; /* check the machine up to this tier after each op; 0: not */
};

#define RIG_OP_MAX_SLOTS (1u << 20)
#define RIG_OP_MAX_BULK 512u

struct rig_ops;
struct kmem_cache;

/*
 * The slots and caches of one stream of ops on @machine, on its CPU 0 at first. NULL: out of host
 * memory. While ops are performed the calling thread drives the stream's CPU.
 */
struct rig_ops *rig_ops_create(struct rig_machine *machine, const struct rig_ops_config *config);

/*
 * Brings a machine fresh from boot to where the kernels were in which the op scripts were
 * recorded: what partly used slabs of kmalloc hand out next. Nothing is known of other backends.
 */
void rig_ops_start_as_recorded(struct rig_machine *machine);

/* Frees what the slots hold, destroys pools and caches, in that order. */
void rig_ops_clear(struct rig_ops *ops);

/* Forgets everything; frees nothing of the machine's (its end does). */
void rig_ops_destroy(struct rig_ops *ops);

/* The CPU that the next op runs on. */
struct rig_cpu *rig_ops_cpu(const struct rig_ops *ops);

/* What a slot holds: host address (object, area, block of pages in lowmem) or NULL. */
void *rig_ops_slot(const struct rig_ops *ops, unsigned int slot);

/* The cache that a stream knows by @id, or NULL. */
struct kmem_cache *rig_ops_cache(const struct rig_ops *ops, unsigned int id);

/*
 * Performs one op. Every field of @op may hold any value. Returns @result->status.
 */
enum rig_op_status rig_op_perform(struct rig_ops *ops, const struct rig_op *op,
				  struct rig_op_result *result);

/*
 * Reads one op from a line of text. Returns false, and a one-line reason in @error, when the line
 * is not an op; an empty line or one that starts with # is an error too (see rig_op_is_blank).
 */
bool rig_op_parse(struct rig_op *op, const char *line, char *error, size_t error_size);
bool rig_op_is_blank(const char *line);

/* The text form; the other direction of rig_op_parse. Returns @buffer. */
char *rig_op_format(const struct rig_op *op, char *buffer, size_t size);

/* The answer to an op, without a newline; empty when that op has none. kmalloc answers two lines.
 */
char *rig_op_format_result(const struct rig_op *op, const struct rig_op_result *result,
			   enum rig_result_form form, char *buffer, size_t size);

/* Letter, name ("CACHE_ALLOC"), arguments and meaning of a kind. */
struct rig_op_description {
	char letter;
	const char *name;
	const char *arguments;
	const char *meaning;
};
extern const struct rig_op_description rig_op_descriptions[RIG_NR_OPS];

#endif
