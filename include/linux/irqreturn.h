/* SPDX-License-Identifier: GPL-2.0-only */
/* What an interrupt handler answers. */
#ifndef _LINUX_IRQRETURN_H_RIG
#define _LINUX_IRQRETURN_H_RIG

typedef int irqreturn_t;

#define IRQ_NONE 0 /* not from this device */
#define IRQ_HANDLED 1
#define IRQ_WAKE_THREAD 2 /* the thread function of request_threaded_irq() shall run */
#define IRQ_RETVAL(handled) ((handled) ? IRQ_HANDLED : IRQ_NONE)

#endif
