// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model "kmemrig,edu-like": QEMU's teaching device (docs/specs/edu there) with a scratch
 * register and a doorbell, so that drivers written for that one run here.
 *
 *	0x00 identity      0x04 liveness (inverted)   0x08 factorial      0x20 status
 *	0x10 scratch       0x14 doorbell              0x18 its delay
 *	0x24 interrupt status    0x60 raise    0x64 acknowledge
 *	0x80 DMA source    0x88 target    0x90 count  0x98 command        buffer at DMA 0x40000
 *
 * Factorials, DMA and the doorbell take time of the virtual clock. What a register shows is
 * worked out from the clock when it is read, so that a driver that polls with interrupts off sees
 * its work done; interrupts come by a timer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/irq.h>
#include <linux/kernel.h>

#include "private.h"

#define BUFFER_BYTES 4096
#define FACTORIAL_STEP_NS 10
#define DMA_START_NS 1000 /* and a nanosecond a byte */

/* Work that is done at a time of its own. */
struct job {
	struct rig_timer timer;
	struct rig_device *device;
	u64 done_ns;	/* 0: nothing under way */
	u32 irq_status; /* raised when done; 0: no interrupt */
};

struct edu {
	spinlock_t lock; /* all of the below; handlers run outside of it */
	u32 liveness, scratch, doorbell_delay_ns, status, irq_status;
	u32 factorial, factorial_result;
	u64 dma_source, dma_target, dma_count, dma_command;
	struct job factorial_job, dma_job, doorbell_job;
	u8 buffer[BUFFER_BYTES];
};

/* The line is up; the handlers' turn comes when the lock is released. */
static void raise_irq(struct rig_cpu *cpu, struct rig_device *device, u32 status)
{
	struct edu *edu = device->state;

	edu->irq_status |= status;
	if (edu->irq_status && device->irq)
		rig_irq_set(cpu, device->irq, device->name);
}

static void do_dma(struct rig_cpu *cpu, struct rig_device *device)
{
	struct edu *edu = device->state;
	bool to_memory = edu->dma_command & RIG_EDU_DMA_TO_MEMORY;
	u64 own = (to_memory ? edu->dma_source : edu->dma_target) - RIG_EDU_BUFFER;

	if (own > BUFFER_BYTES || edu->dma_count > BUFFER_BYTES - own) {
		rig_misuse(cpu, "device.dma", "%s: DMA of %llu bytes outside of its buffer",
			   device->name, (unsigned long long)edu->dma_count);
		return;
	}
	if (to_memory)
		rig_device_dma_write(cpu, device, edu->dma_target, edu->buffer + own,
				     edu->dma_count);
	else
		rig_device_dma_read(cpu, device, edu->dma_source, edu->buffer + own,
				    edu->dma_count);
}

/* The job's time has come, or somebody looks: its effects, once. */
static bool finish(struct rig_cpu *cpu, struct job *job)
{
	struct edu *edu = job->device->state;

	if (!job->done_ns || READ_ONCE(cpu->machine->clock_ns) < job->done_ns)
		return false;
	job->done_ns = 0;
	if (job == &edu->factorial_job) {
		edu->factorial = edu->factorial_result;
		edu->status &= ~(u32)RIG_EDU_STATUS_COMPUTING;
		job->irq_status = edu->status & RIG_EDU_STATUS_IRQ ? RIG_EDU_IRQ_FACTORIAL : 0;
	} else if (job == &edu->dma_job) {
		do_dma(cpu, job->device);
		edu->dma_command &= ~(u64)RIG_EDU_DMA_START;
	}
	return true;
}

static void job_due(struct rig_timer *timer)
{
	struct job *job = container_of(timer, struct job, timer);
	struct edu *edu = job->device->state;
	struct rig_cpu *cpu = rig_this_cpu();

	rig_spin_lock(&edu->lock);
	finish(cpu, job);
	if (job->irq_status)
		raise_irq(cpu, job->device, job->irq_status);
	rig_spin_unlock(&edu->lock);
	rig_irq_deliver_pending(cpu);
}

static void start(struct rig_cpu *cpu, struct job *job, u64 takes_ns, u32 irq_status)
{
	job->irq_status = irq_status;
	job->done_ns = max(READ_ONCE(cpu->machine->clock_ns) + takes_ns, 1ULL);
	rig_timer_set(cpu, &job->timer, job->done_ns);
}

static void start_factorial(struct rig_cpu *cpu, struct edu *edu, u32 n)
{
	u32 steps = min(n, 64u); /* from 34! on it is 0 modulo 2^32 */

	if (edu->status & RIG_EDU_STATUS_COMPUTING)
		return;
	edu->factorial_result = 1;
	for (u32 i = 2; i <= steps; i++)
		edu->factorial_result *= i;
	edu->status |= RIG_EDU_STATUS_COMPUTING;
	start(cpu, &edu->factorial_job, (u64)n * FACTORIAL_STEP_NS, 0);
}

static void start_dma(struct rig_cpu *cpu, struct edu *edu, u64 command)
{
	edu->dma_command = command;
	if (command & RIG_EDU_DMA_START)
		start(cpu, &edu->dma_job, DMA_START_NS + edu->dma_count,
		      command & RIG_EDU_DMA_IRQ ? RIG_EDU_IRQ_DMA : 0);
}

static void ring(struct rig_cpu *cpu, struct rig_device *device, u32 value)
{
	struct edu *edu = device->state;

	if (edu->doorbell_delay_ns == 0)
		raise_irq(cpu, device, value);
	else
		start(cpu, &edu->doorbell_job, edu->doorbell_delay_ns,
		      value | (edu->doorbell_job.done_ns ? edu->doorbell_job.irq_status : 0));
}

static bool good_size(u64 offset, unsigned int size)
{
	return size == sizeof(u32) || (size == sizeof(u64) && offset >= RIG_EDU_DMA_SOURCE);
}

static enum rig_io_answer read_register(struct rig_cpu *cpu, struct edu *edu, u64 offset,
					u64 *value)
{
	finish(cpu, &edu->factorial_job);
	finish(cpu, &edu->dma_job);
	switch (offset) {
	case RIG_EDU_ID:
		*value = RIG_EDU_ID_VALUE;
		break;
	case RIG_EDU_LIVENESS:
		*value = edu->liveness;
		break;
	case RIG_EDU_FACTORIAL:
		*value = edu->factorial;
		break;
	case RIG_EDU_SCRATCH:
		*value = edu->scratch;
		break;
	case RIG_EDU_DOORBELL_DELAY:
		*value = edu->doorbell_delay_ns;
		break;
	case RIG_EDU_STATUS:
		*value = edu->status;
		break;
	case RIG_EDU_IRQ_STATUS:
		*value = edu->irq_status;
		break;
	case RIG_EDU_DMA_SOURCE:
		*value = edu->dma_source;
		break;
	case RIG_EDU_DMA_TARGET:
		*value = edu->dma_target;
		break;
	case RIG_EDU_DMA_COUNT:
		*value = edu->dma_count;
		break;
	case RIG_EDU_DMA_COMMAND:
		*value = edu->dma_command;
		break;
	default:
		return RIG_IO_NO_REGISTER;
	}
	return RIG_IO_DONE;
}

static enum rig_io_answer edu_read(struct rig_cpu *cpu, struct rig_device *device, u64 offset,
				   unsigned int size, u64 *value)
{
	struct edu *edu = device->state;
	enum rig_io_answer answer;

	if (!good_size(offset, size))
		return RIG_IO_WRONG_SIZE;
	rig_spin_lock(&edu->lock);
	answer = read_register(cpu, edu, offset, value);
	rig_spin_unlock(&edu->lock);
	return answer;
}

static void acknowledge(struct rig_device *device, u32 bits)
{
	struct edu *edu = device->state;

	edu->irq_status &= ~bits;
	if (!edu->irq_status)
		rig_device_lower_irq(device);
}

/* Registers of DMA, which a transfer under way keeps from changing. */
static enum rig_io_answer write_dma(struct rig_cpu *cpu, struct edu *edu, u64 offset, u64 value)
{
	if (offset != RIG_EDU_DMA_SOURCE && offset != RIG_EDU_DMA_TARGET &&
	    offset != RIG_EDU_DMA_COUNT && offset != RIG_EDU_DMA_COMMAND)
		return RIG_IO_NO_REGISTER;
	finish(cpu, &edu->dma_job);
	if (edu->dma_command & RIG_EDU_DMA_START)
		return RIG_IO_DONE;
	if (offset == RIG_EDU_DMA_SOURCE)
		edu->dma_source = value;
	else if (offset == RIG_EDU_DMA_TARGET)
		edu->dma_target = value;
	else if (offset == RIG_EDU_DMA_COUNT)
		edu->dma_count = value;
	else
		start_dma(cpu, edu, value);
	return RIG_IO_DONE;
}

static enum rig_io_answer write_register(struct rig_cpu *cpu, struct rig_device *device, u64 offset,
					 u64 value)
{
	struct edu *edu = device->state;
	u32 word = (u32)value;

	switch (offset) {
	case RIG_EDU_LIVENESS:
		edu->liveness = ~word;
		break;
	case RIG_EDU_FACTORIAL:
		finish(cpu, &edu->factorial_job);
		start_factorial(cpu, edu, word);
		break;
	case RIG_EDU_SCRATCH:
		edu->scratch = word;
		break;
	case RIG_EDU_DOORBELL:
		ring(cpu, device, word);
		break;
	case RIG_EDU_DOORBELL_DELAY:
		edu->doorbell_delay_ns = word;
		break;
	case RIG_EDU_STATUS:
		edu->status =
			(edu->status & RIG_EDU_STATUS_COMPUTING) | (word & RIG_EDU_STATUS_IRQ);
		break;
	case RIG_EDU_IRQ_RAISE:
		raise_irq(cpu, device, word);
		break;
	case RIG_EDU_IRQ_ACK:
		acknowledge(device, word);
		break;
	default:
		return write_dma(cpu, edu, offset, value);
	}
	return RIG_IO_DONE;
}

static enum rig_io_answer edu_write(struct rig_cpu *cpu, struct rig_device *device, u64 offset,
				    unsigned int size, u64 value)
{
	struct edu *edu = device->state;
	enum rig_io_answer answer;

	if (!good_size(offset, size))
		return RIG_IO_WRONG_SIZE;
	rig_spin_lock(&edu->lock);
	answer = write_register(cpu, device, offset, value);
	rig_spin_unlock(&edu->lock);
	if (cpu->irqs_pending)
		rig_irq_deliver_pending(cpu);
	return answer;
}

static void init_job(struct job *job, struct rig_device *device)
{
	INIT_LIST_HEAD(&job->timer.node);
	job->timer.function = job_due;
	job->device = device;
}

static int edu_init(struct rig_device *device)
{
	struct edu *edu = calloc(1, sizeof(*edu));

	if (!edu)
		return -ENOMEM;
	spin_lock_init(&edu->lock);
	init_job(&edu->factorial_job, device);
	init_job(&edu->dma_job, device);
	init_job(&edu->doorbell_job, device);
	device->state = edu;
	return 0;
}

static void edu_fini(struct rig_device *device)
{
	struct edu *edu = device->state;
	struct rig_cpu *cpu = &device->machine->cpus[0];

	rig_timer_cancel(cpu, &edu->factorial_job.timer);
	rig_timer_cancel(cpu, &edu->dma_job.timer);
	rig_timer_cancel(cpu, &edu->doorbell_job.timer);
	free(edu);
}

const struct rig_device_model edu_model = {
	.name = RIG_EDU_MODEL,
	.size = RIG_EDU_SIZE,
	.init = edu_init,
	.fini = edu_fini,
	.read = edu_read,
	.write = edu_write,
};
