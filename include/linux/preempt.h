/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The context a CPU runs in: process, soft interrupt, hard interrupt; preemption and interrupts
 * on or off. One counter a CPU with the kernel's layout (preemption in bits 0-7, soft interrupts
 * in 8-15, hard interrupts in 16-19), and one for disabled interrupts.
 */
#ifndef _LINUX_PREEMPT_H_RIG
#define _LINUX_PREEMPT_H_RIG

#include <kmemrig/cpu.h>

#define PREEMPT_OFFSET 0x1UL
#define SOFTIRQ_OFFSET 0x100UL
#define SOFTIRQ_DISABLE_OFFSET (2 * SOFTIRQ_OFFSET)
#define HARDIRQ_OFFSET 0x10000UL
#define PREEMPT_MASK 0xffUL
#define SOFTIRQ_MASK 0xff00UL
#define HARDIRQ_MASK 0xf0000UL

static inline unsigned long preempt_count(void)
{
	return rig_this_cpu()->preempt_count;
}

static inline void preempt_disable(void)
{
	rig_this_cpu()->preempt_count += PREEMPT_OFFSET;
}

static inline void preempt_enable(void)
{
	rig_this_cpu()->preempt_count -= PREEMPT_OFFSET;
}

static inline void local_bh_disable(void)
{
	rig_this_cpu()->preempt_count += SOFTIRQ_DISABLE_OFFSET;
}

/* Interrupts that arrive while they are off are delivered by the call that turns them on. */
void rig_irq_deliver_pending(struct rig_cpu *cpu);

static inline void local_bh_enable(void)
{
	struct rig_cpu *cpu = rig_this_cpu();

	cpu->preempt_count -= SOFTIRQ_DISABLE_OFFSET;
	if (cpu->irqs_pending)
		rig_irq_deliver_pending(cpu);
}

/* in_hardirq: in a handler. in_interrupt: there, or soft interrupts are served or disabled. */
static inline bool in_hardirq(void)
{
	return preempt_count() & HARDIRQ_MASK;
}

static inline bool in_interrupt(void)
{
	return preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK);
}

/* True where sleeping is forbidden because preemption is off. */
static inline bool in_atomic(void)
{
	return preempt_count() != 0;
}

static inline bool in_task(void)
{
	return !(preempt_count() & (HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

static inline bool irqs_disabled(void)
{
	return rig_this_cpu()->irqs_disabled != 0;
}

static inline void local_irq_disable(void)
{
	rig_this_cpu()->irqs_disabled = true;
}

static inline void local_irq_enable(void)
{
	struct rig_cpu *cpu = rig_this_cpu();

	cpu->irqs_disabled = false;
	if (cpu->irqs_pending)
		rig_irq_deliver_pending(cpu);
}

/* Soft interrupts are served, or disabled. */
static inline bool in_softirq(void)
{
	return preempt_count() & SOFTIRQ_MASK;
}

#define in_irq() in_hardirq()
#define in_serving_softirq() (preempt_count() & SOFTIRQ_OFFSET)
#define in_nmi() false
#define preemptible() (preempt_count() == 0 && !irqs_disabled())
#define preempt_disable_notrace() preempt_disable()
#define preempt_enable_notrace() preempt_enable()
#define preempt_enable_no_resched() preempt_enable()
#define migrate_disable() preempt_disable()
#define migrate_enable() preempt_enable()

#define local_irq_save(flags)                                                                      \
	do {                                                                                       \
		(flags) = rig_this_cpu()->irqs_disabled;                                           \
		local_irq_disable();                                                               \
	} while (0)

static inline void local_irq_restore(unsigned long flags)
{
	if (!flags)
		local_irq_enable();
}

#endif
