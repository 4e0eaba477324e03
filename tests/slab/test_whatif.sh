#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The bundled recording's objects on the other slab allocators, held against what kernels with those
# allocators showed in /proc/meminfo (Slab) after the same workload with the same seed.
set -u
. tests/report.sh
sample=replay/samples/calm

figure() { # BACKEND NAME
	"$build/kmemrig" replay --level object --check 3 --json --backend "$1" \
		--state $sample/before.state.xz $sample/trace.dat.xz |
		sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p"
}

# kB after the workload. Large kmallocs from before the trace, in no state, are not ours.
near() { # BACKEND RECORDED PERCENT
	kb=$(figure "$1" slab_kb_after)
	[ -n "$kb" ] && [ $((kb * 100)) -ge $(($2 * (100 - $3))) ] &&
		[ $((kb * 100)) -le $(($2 * (100 + $3))) ]
	report $? "$1: $kb kB in slabs, $2 kB recorded, at most $3 % apart"
}

near slub 8880 1
near slab 8224 5
near slob 8036 5
echo "1..$number"
