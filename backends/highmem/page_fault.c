// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults: code under test touched an address of the machine where nothing is mapped. The
 * report is the kernel's, with what lies at that address; then who handled the signal before
 * (a sanitizer, a fuzzer) goes on, or the run ends with exit code 3.
 *
 * The handler runs on the faulting thread, in code that was not in the middle of the rig's own:
 * the rig touches no memory that it has not mapped.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <kmemrig/check.h>
#include <kmemrig/vmalloc.h>
#include <linux/kernel.h>

#include "private.h"

#define PF_WRITE_BIT 2 /* of x86's page fault error code */

static struct sigaction before_segv, before_bus;
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;

static void describe_vmalloc(struct rig_machine *machine, const u8 *address, char *text,
			     size_t size)
{
	const struct vm_struct *vm = rig_find_vm_area(machine, address);
	u64 offset = vm ? (u64)(address - (const u8 *)vm->addr) : 0;

	if (!vm)
		snprintf(text, size, "vmalloc space where no area is: freed, or never had");
	else if (vm->flags & VM_IOREMAP)
		snprintf(text, size, "I/O memory at %#llx: use readl() and the like",
			 (unsigned long long)(vm->phys_addr + offset));
	else
		snprintf(text, size, "guard page, %llu bytes behind a vmalloc area's end",
			 (unsigned long long)(offset - (vm->size - PAGE_SIZE)));
}

/* What the address is, in words; false: nothing of the machine's. */
static bool describe(struct rig_machine *machine, const u8 *address, char *text, size_t size)
{
	const struct rig_highmem *high = machine->highmem;
	u64 direct = (u64)(address - machine->direct_map);

	if (direct < PFN_PHYS(machine->max_pfn))
		snprintf(text, size, "highmem page pfn:%llx without kmap",
			 (unsigned long long)PHYS_PFN(direct));
	else if (rig_is_vmalloc_address(machine, address))
		describe_vmalloc(machine, address, text, size);
	else if (high && in_pool(high, address))
		snprintf(text, size, "kmap window: the page is not kmapped any more");
	else if (high && in_local(high, address))
		snprintf(text, size, "kmap_local window: the mapping was given back");
	else
		return false;
	return true;
}

static const struct sigaction *handler_before(int signal)
{
	return signal == SIGSEGV ? &before_segv : &before_bus;
}

static bool someone_was_here(int signal)
{
	const struct sigaction *before = handler_before(signal);

	return (before->sa_flags & SA_SIGINFO) || before->sa_handler != SIG_DFL;
}

static void pass_on(int signal, siginfo_t *info, void *context)
{
	const struct sigaction *before = handler_before(signal);

	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(signal, info, context);
	} else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
		before->sa_handler(signal);
	} else {
		sigaction(signal, before, NULL);
		raise(signal);
	}
}

static void handle(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *registers = context;
	struct rig_cpu *cpu = rig_this_cpu();
	const u8 *address = info->si_addr;
	const char *access =
		registers->uc_mcontext.gregs[REG_ERR] & PF_WRITE_BIT ? "write" : "read";
	unsigned long long kernel;
	char what[160];

	if (!cpu || !describe(cpu->machine, address, what, sizeof(what))) {
		pass_on(signal, info, context);
		return;
	}
	kernel = rig_kernel_address(cpu->machine, address);
	if (address < cpu->machine->direct_map + PFN_PHYS(cpu->machine->max_pfn))
		kernel = RIG_PAGE_OFFSET + (u64)(address - cpu->machine->direct_map);
	if (someone_was_here(signal)) {
		rig_log(cpu->machine,
			"BUG: unable to handle page fault for address: %016llx (%s access): %s",
			kernel, access, what);
		pass_on(signal, info, context);
		return;
	}
	rig_misuse(cpu, "memory.fault",
		   "unable to handle page fault for address: %016llx\n"
		   "#PF: supervisor %s access in kernel mode: %s",
		   kernel, access, what);
	/* The access can't be made good, whatever the policy says. */
	fflush(NULL);
	_Exit(RIG_EXIT_BROKEN);
}

/* In front of whoever handles the signal now; that may have changed since the last machine. */
static void install(int signal, struct sigaction *before)
{
	struct sigaction action, now;

	sigaction(signal, NULL, &now);
	if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handle)
		return;
	*before = now;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = handle;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	sigaction(signal, &action, NULL);
}

void rig_page_fault_report_install(void)
{
	pthread_mutex_lock(&install_lock);
	install(SIGSEGV, &before_segv);
	install(SIGBUS, &before_bus);
	pthread_mutex_unlock(&install_lock);
}
