#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What if? Why allocations fail, other watermarks, more memory, and states from /proc files.
# Figures are compared with the recorded kernel's own and with counts of the raw events.
. tests/report.sh
kmemrig=$build/kmemrig
calm=replay/samples/calm
oom=replay/samples/oom
work=$(mktemp -d /tmp/kmemrig-what-if-XXXXXX)
trap 'rm -rf "$work"' EXIT

json() { # FILE EXPRESSION-ON-d
	python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

marks() { # ZONEINFO: zone, min, low, high, without what they are boosted by, of zones with pages
	awk '/^Node/ { zone = $4 } $1 == "boost" { boost = $2 }
		$1 ~ /^(min|low|high)$/ { v[zone, $1] = $2 - boost }
		$1 == "managed" && $2 { print zone, v[zone, "min"], v[zone, "low"], v[zone, "high"] }' "$1"
}

replay() { # OUTPUT ARGUMENTS...
	output=$1
	shift
	"$kmemrig" replay --json "$@" >"$output" 2>"$work/err"
}

xz -dc $oom/trace.dat.xz >"$work/trace.dat"
trace-cmd report -R "$work/trace.dat" 2>/dev/null |
	awk '/ print: / && /SNAP0/ { on = 1 } / print: / && /SNAP1/ { on = 0 } on && / mm_page_alloc: / && /pfn=0xffffffffffffffff /' \
		>"$work/failed.txt"

# --- why allocations fail
replay "$work/oom.json" --state $oom/before.state.xz $oom/trace.dat.xz
report $? "the failing recording is replayed"
[ -s "$work/failed.txt" ] &&
	[ "$(json "$work/oom.json" 'sum(f["traced"] for f in d["failures"])')" = "$(wc -l <"$work/failed.txt")" ]
report $? "as many failures as trace-cmd counts"
for order in 1 2; do
	[ "$(json "$work/oom.json" "sum(f['here'] for f in d['failures'] if f['order'] == $order)")" = \
		"$(grep -c "order=$order " "$work/failed.txt")" ]
	report $? "those of order $order fail here too"
done
# the kernel's rule, by hand: free pages are not above the mark and the reserve
json "$work/oom.json" 'all(z["free_pages"] - z["unusable"] - (1 << f["order"]) + 1 <= z["watermark"] + z["lowmem_reserve"]
	for f in d["failures"] for r in f["reasons"] for z in r["zones"]
	if z["refusal"] == "below its watermark")' | grep -q True
report $? "zones below their watermark are"
json "$work/oom.json" 'all(sum(n << o for o, n in enumerate(z["free_blocks"])) - z["free_pages"] in range(-64, 65)
	for f in d["failures"] for r in f["reasons"] for z in r["zones"])' | grep -q True
report $? "free blocks add up to the free pages, but for what CPUs count for themselves"
"$kmemrig" replay --state $oom/before.state.xz $oom/trace.dat.xz >"$work/oom.txt"
grep -q 'DMA32 below its watermark; DMA below its watermark' "$work/oom.txt" &&
	grep -q '^the first here, at .*order 1, GFP_NOWAIT' "$work/oom.txt"
report $? "the table says why, and what was free at the first"

# --- other watermarks: that kernel had min_free_kbytes 800, and these marks
"$kmemrig" show --state $oom/before.state.xz --command-line sysctl.vm.min_free_kbytes=800 zoneinfo >"$work/800"
[ "$(marks "$work/800")" = "$(marks $oom/proc/zoneinfo)" ] && [ -s "$work/800" ]
report $? "min_free_kbytes=800 gives the watermarks that the kernel had with it"
"$kmemrig" show --state $calm/before.state.xz --command-line sysctl.vm.watermark_scale_factor=500 zoneinfo >"$work/500"
# gap = managed * 500 / 10000 where that is more than a quarter of min
marks "$work/500" | awk '$1 == "DMA32" { min = $2; gap = $3 - $2; gap2 = $4 - $3 } END { exit !(gap == gap2 && gap > min) }' &&
	[ "$(marks "$work/500" | awk '$1 == "DMA32" { print $3 - $2 }')" = \
		"$(awk '/^Node/ { zone = $4 } $1 == "managed" && zone == "DMA32" { print int($2 * 500 / 10000) }' $calm/proc/zoneinfo)" ]
report $? "watermark_scale_factor sets the distance between the marks"
"$kmemrig" show --state $calm/before.state.xz --command-line sysctl.vm.lowmem_reserve_ratio=256,8 zoneinfo |
	awk '/^Node/ { zone = $4 } zone == "DMA" && $1 == "protection:" { print $3 + 0 }' >"$work/reserve"
[ "$(cat "$work/reserve")" = "$(awk '/^Node/ { zone = $4 } $1 == "managed" && zone == "DMA32" { print int($2 / 256) }' $calm/proc/zoneinfo)" ]
report $? "lowmem_reserve_ratio sets what a zone keeps"
"$kmemrig" show --state $calm/before.state.xz --command-line sysctl.vm.percpu_pagelist_high_fraction=8 zoneinfo |
	awk '/^Node/ { zone = $4 } zone == "DMA32" && $1 == "high:" { print $2 }' >"$work/high"
[ "$(cat "$work/high")" = "$(awk '/^Node/ { zone = $4 } $1 == "managed" && zone == "DMA32" { print int($2 / 8) }' $calm/proc/zoneinfo)" ]
report $? "percpu_pagelist_high_fraction sets the lists' length"
for wrong in min_free_kbytes=x min_free_kbytes=0 watermark_scale_factor=3001 nonsense=1 \
	percpu_pagelist_high_fraction=7 lowmem_reserve_ratio=1,x; do
	"$kmemrig" show --state $calm/before.state.xz --command-line "sysctl.vm.$wrong" zoneinfo 2>"$work/err" >/dev/null
	[ $? -eq 2 ] && grep -q "sysctl.vm.${wrong%=*}" "$work/err"
	report $? "sysctl.vm.$wrong is refused by name"
done

# --- more memory
replay "$work/more.json" --state $oom/before.state.xz --memory +128M --check 3 $oom/trace.dat.xz
report $? "128 MiB more, with all checks at the end"
[ "$(json "$work/more.json" 'sum(f["here"] for f in d["failures"])')" = 0 ]
report $? "with 128 MiB more nothing fails"
replay "$work/same.json" --state $oom/before.state.xz --what-if $oom/trace.dat.xz
[ "$(json "$work/same.json" 'sum(f["here"] for f in d["failures"]) > 0')" = True ]
report $? "with nothing more it does"
replay "$work/large.json" --state $oom/before.state.xz --memory +5G --check 3 $oom/trace.dat.xz &&
	[ "$(json "$work/large.json" 'd["page"]["failed_spurious"]')" = 0 ]
report $? "more than fits below 4 GiB makes a zone Normal"
for wrong in +1 +100M 1G +x +70000G; do
	replay "$work/x" --state $oom/before.state.xz --memory $wrong $oom/trace.dat.xz
	[ $? -eq 2 ] && [ ! -s "$work/x" ]
	report $? "--memory $wrong beside a state is refused"
done
replay "$work/unchanged.json" --state $calm/before.state.xz --what-if $calm/trace.dat.xz
[ "$(json "$work/unchanged.json" 'd["page"]["exact"]')" = 15175 ]
report $? "where nothing is hidden, a what-if that changes nothing chooses the kernel's pages"

# --- states from /proc files
for sample in calm oom; do
	"$kmemrig" show --state replay/samples/$sample/proc pagetypeinfo >"$work/pagetypeinfo"
	cmp -s "$work/pagetypeinfo" replay/samples/$sample/proc/pagetypeinfo
	report $? "$sample: the state from /proc files has the kernel's pagetypeinfo"
done
"$kmemrig" show --state $calm/proc buddyinfo | cmp -s - $calm/proc/buddyinfo
report $? "and its buddyinfo"
replay "$work/proc.json" --state $calm/proc --check 3 $calm/trace.dat.xz
[ "$(json "$work/proc.json" 'd["page"]["exact"] > 0.8 * d["page"]["allocs"] and d["page"]["failed_spurious"] == 0')" = True ]
report $? "four of five page frames of the trace follow from them"

# kpageflags, written from the recorded state: a bit for each page of a free block
mkdir "$work/flags"
cp $calm/proc/zoneinfo $calm/proc/pagetypeinfo "$work/flags/"
xz -dc $calm/before.state.xz >"$work/state"
python3 - "$work/state" "$work/flags/kpageflags" <<'PY'
import struct, sys
pages = [0] * (256 << 8)
for line in open(sys.argv[1]):
    word = line.split()
    if word and word[0] == "free":
        for pfn in word[4:]:
            for i in range(1 << int(word[2])):
                pages[int(pfn, 16) + i] = 1 << 10
open(sys.argv[2], "wb").write(struct.pack("<%dQ" % len(pages), *pages))
PY
"$kmemrig" show --state "$work/flags" buddyinfo >"$work/a"
"$kmemrig" show --state $calm/before.state.xz buddyinfo >"$work/b"
cmp -s "$work/a" "$work/b" && [ -s "$work/a" ]
report $? "kpageflags gives the very blocks"
replay "$work/flags.json" --state "$work/flags" $calm/trace.dat.xz
[ "$(json "$work/flags.json" 'd["page"]["exact"] > 0.8 * d["page"]["allocs"]')" = True ]
report $? "and the trace follows from it"

# --- bad folders
wrong() { # PATTERN NAME
	replay "$work/x" --state "$work/bad" $calm/trace.dat.xz
	[ $? -eq 2 ] && grep -q "$1" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]
	report $? "$2"
}
mkdir "$work/bad"
wrong 'no file zoneinfo' "a folder without zoneinfo is refused"
echo nonsense >"$work/bad/zoneinfo"
wrong 'bad/zoneinfo:1: no zone' "a zoneinfo without zones is refused with the line"
sed 's/present .*/present 99999999/' $calm/proc/zoneinfo >"$work/bad/zoneinfo"
wrong 'bad/zoneinfo:[0-9]*: zone DMA: impossible' "impossible sizes are refused with the line"
cp $calm/proc/zoneinfo "$work/bad/"
sed 's/type *Movable/type Strange/' $calm/proc/pagetypeinfo >"$work/bad/pagetypeinfo"
wrong "bad/pagetypeinfo:[0-9]*: unknown migrate type 'Strange'" "an unknown migrate type is refused with the line"
rm "$work/bad/pagetypeinfo"
head -c 12345 "$work/flags/kpageflags" >"$work/bad/kpageflags"
wrong 'bad/kpageflags.*byte 12345' "a cut kpageflags is refused with the byte"
rm "$work/bad/kpageflags"
"$kmemrig" replay --level object --state $calm/proc $calm/trace.dat.xz >"$work/x" 2>"$work/err"
[ $? -eq 2 ] && grep -q 'tell nothing of objects' "$work/err"
report $? "objects can't be replayed from /proc files"
echo "1..$number"
