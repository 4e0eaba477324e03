#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Op scripts that ran inside real kernels: our answers held against theirs (data/README).
set -u
. tests/report.sh
data=tests/ops/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() {
	for name in "$@"; do xz -dc "$data/$name.xz" >"$work/$name"; done
}

# Every object from the same place of the same slab as in the kernel.
for backend in slub slab slob; do
	for script in random-1 random-2 grid sizes smp-1; do
		[ -e "$data/$script.$backend.xz" ] || continue
		# where SLOB puts things in grid depends on what lay in memory before
		[ "$backend-$script" = slob-grid ] && continue
		unpack $script.ops $script.$backend
		"$build/kmemrig" run --backend $backend "$work/$script.ops" >"$work/ours"
		python3 tests/ops/compare.py "$work/$script.ops" "$work/$script.$backend" \
			"$work/ours" >"$work/verdict"
		status=$?
		report $status "$backend $script: $(tail -n 1 "$work/verdict")"
		[ $status -eq 0 ] || sed 's/^/# /' "$work/verdict"
	done
done

unpack grid.ops grid.slob
"$build/kmemrig" run --backend slob "$work/grid.ops" >"$work/ours"
awk '{ print $1, $2, $5, $6 }' "$work/grid.slob" >"$work/theirs.classes"
awk '{ print $1, $2, $5, $6 }' "$work/ours" >"$work/ours.classes"
cmp -s "$work/theirs.classes" "$work/ours.classes" && [ -s "$work/ours.classes" ]
report $? "slob grid: orders and slab pages"

# The address of each vmalloc area.
unpack vmalloc-1.ops vmalloc-1.kernel vmalloc-1.vmallocinfo
"$build/kmemrig" run --vmallocinfo "$work/vmalloc-1.vmallocinfo" "$work/vmalloc-1.ops" >"$work/ours"
cmp -s "$work/ours" "$work/vmalloc-1.kernel"
report $? "vmalloc: the address of each of $(wc -l <"$work/vmalloc-1.kernel") areas"

# Which allocations fault injection makes fail.
for script in 1 5 9 12; do
	unpack fault-$script.ops fault-$script.kernel
	"$build/kmemrig" run --short "$work/fault-$script.ops" >"$work/ours" 2>"$work/log"
	cmp -s "$work/ours" "$work/fault-$script.kernel"
	report $? "fault injection, script $script: the same calls fail"
done

# The comparison can fail: another allocator's answers are not taken for SLUB's.
unpack random-1.ops random-1.slab random-1.slub
! python3 tests/ops/compare.py "$work/random-1.ops" "$work/random-1.slub" "$work/random-1.slab" \
	>"$work/verdict"
report $? "the comparison tells SLAB from SLUB: $(tail -n 1 "$work/verdict")"
echo "1..$number"
