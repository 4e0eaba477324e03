// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and waiting, as far as every build needs them: delivery of what arrived while
 * interrupts were off, and the slow path of spin locks.
 */
#include <sched.h>

#include <kmemrig/machine.h>
#include <linux/spinlock.h>

/* Looks at a lock before the host's processor is given away: virtual CPUs may outnumber it. */
#define SPINS_BEFORE_YIELD 64

void rig_spin_wait(spinlock_t *lock)
{
	for (;;) {
		for (int spin = 0; spin < SPINS_BEFORE_YIELD; spin++) {
			if (!spin_is_locked(lock) && rig_spin_trylock(lock))
				return;
			__builtin_ia32_pause();
		}
		sched_yield();
	}
}

void rig_irq_deliver_pending(struct rig_cpu *cpu)
{
	cpu->irqs_pending = false;
}
