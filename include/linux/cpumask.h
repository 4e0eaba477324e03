/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs. Those of a machine are numbered from 0, and are all there from the start. */
#ifndef _LINUX_CPUMASK_H_RIG
#define _LINUX_CPUMASK_H_RIG

#include <kmemrig/machine.h>
#include <linux/bitmap.h>
#include <linux/kernel.h>

#ifndef NR_CPUS
#define NR_CPUS RIG_NR_CPUS
#endif

typedef struct cpumask {
	DECLARE_BITMAP(bits, NR_CPUS);
} cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define nr_cpu_ids ((unsigned int)rig_this_cpu()->machine->nr_cpus)
#define num_online_cpus() nr_cpu_ids
#define num_possible_cpus() nr_cpu_ids
#define num_present_cpus() nr_cpu_ids
#define cpu_online(cpu) ((unsigned int)(cpu) < nr_cpu_ids)
#define cpu_possible(cpu) cpu_online(cpu)
#define cpu_present(cpu) cpu_online(cpu)

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < nr_cpu_ids; (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_cpu(cpu, mask) for_each_set_bit(cpu, cpumask_bits(mask), nr_cpu_ids)

#define cpumask_bits(mask) ((mask)->bits)
#define cpumask_set_cpu(cpu, mask) set_bit(cpu, cpumask_bits(mask))
#define cpumask_clear_cpu(cpu, mask) clear_bit(cpu, cpumask_bits(mask))
#define cpumask_test_cpu(cpu, mask) test_bit(cpu, cpumask_bits(mask))
#define cpumask_clear(mask) bitmap_zero(cpumask_bits(mask), NR_CPUS)
#define cpumask_setall(mask) bitmap_fill(cpumask_bits(mask), nr_cpu_ids)
#define cpumask_first(mask) ((unsigned int)find_first_bit(cpumask_bits(mask), nr_cpu_ids))
#define cpumask_next(cpu, mask)                                                                    \
	((unsigned int)find_next_bit(cpumask_bits(mask), nr_cpu_ids, (unsigned long)((cpu) + 1)))
#define cpumask_weight(mask) bitmap_weight(cpumask_bits(mask), nr_cpu_ids)
#define cpumask_empty(mask) bitmap_empty(cpumask_bits(mask), nr_cpu_ids)
#define alloc_cpumask_var(mask, gfp) true
#define zalloc_cpumask_var(mask, gfp) (cpumask_clear(*(mask)), true)
#define free_cpumask_var(mask) ((void)(mask))

#endif
