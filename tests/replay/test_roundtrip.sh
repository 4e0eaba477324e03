#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The events that a replay writes by LTTng, read back by babeltrace2: none lost, the counts that the
# replay reports, and each mm_page_alloc the kernel's own as trace-cmd prints it, field by field.
set -u
. tests/report.sh
sample=replay/samples/calm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/kmemrig" replay --level page --state "$sample/before.state.xz" --trace "$work/trace" --json \
	"$sample/trace.dat.xz" >"$work/replay.json"
report $? "a replay that records its events"

python3 - "$work/replay.json" <<'PYTHON'
import json, sys
page = json.load(open(sys.argv[1]))["page"]
sys.exit(not page["allocs"] or page["exact_unaided"] != page["allocs"] or any(page["hints"].values()))
PYTHON
report $? "every page frame is the kernel's, and the trace told nothing"

babeltrace2 "$work/trace" >"$work/read" 2>"$work/complaints"
report $? "babeltrace2 reads the new trace"
[ ! -s "$work/complaints" ]
report $? "nothing was discarded: babeltrace2 has no complaint"

# event names and their numbers, both ways
sed -n 's/.* kmem:\([a-z_]*\): .*/\1/p' "$work/read" | sort | uniq -c |
	awk '{ print $2, $1 }' >"$work/counts.read"
python3 - "$work/replay.json" >"$work/counts.replay" <<'PYTHON'
import json, sys
events = json.load(open(sys.argv[1]))["events_written"]
for name, count in sorted(events.items()):
    if count and not name.startswith("kmemrig:"):
        print(name.removeprefix("kmem:"), count)
PYTHON
diff "$work/counts.replay" "$work/counts.read" >"$work/difference" && [ -s "$work/counts.read" ]
report $? "as many of each event as the replay reports"
sed 's/^/# /' "$work/difference"

# the kernel's words for its allocations between the marks, as trace-cmd has them
xz -dc "$sample/trace.dat.xz" >"$work/trace.dat"
trace-cmd report -R -i "$work/trace.dat" 2>/dev/null |
	awk '/SNAP0/ { on = 1 } /SNAP1/ { on = 0 } on && / mm_page_alloc: /' |
	sed 's/.*mm_page_alloc: *//' >"$work/kernel"
# pfn=... order=... gfp_flags=... migratetype=... as plain numbers, from both
awk '{ for (i = 1; i <= NF; i++) { split($i, field, "="); value[field[1]] = field[2] }
	print value["pfn"], value["order"], value["gfp_flags"], value["migratetype"] }' \
	"$work/kernel" >"$work/kernel.plain"
sed -n 's/.*mm_page_alloc: .*pfn = 0x\([0-9A-F]*\), order = \([0-9]*\), gfp_flags = .*container = \([0-9]*\) ), migratetype = .*container = \([0-9]*\) .*/\1 \2 \3 \4/p' \
	"$work/read" >"$work/ours"
python3 - "$work/kernel.plain" "$work/ours" <<'PYTHON'
import sys
kernel = [[int(f, 0) for f in line.split()] for line in open(sys.argv[1])]
ours = [[int(f[0], 16), *map(int, f[1:])] for f in (line.split() for line in open(sys.argv[2]))]
print(f"# {len(kernel)} of the kernel's, {len(ours)} of ours")
sys.exit(not kernel or kernel != ours)
PYTHON
report $? "each mm_page_alloc is the kernel's: pfn, order, gfp_flags, migratetype"
head -n 1 "$work/kernel.plain" "$work/ours" | sed 's/^/# /'
echo "1..$number"
