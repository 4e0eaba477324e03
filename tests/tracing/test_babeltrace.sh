#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The babeltrace2 plugin on small samples: figures against counts of the raw events by awk.
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
data=$PWD/tests/tracing/data
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
work=$(mktemp -d /tmp/kmemrig-bt-test-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

ok() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

same() { # A B NAME
	if [ "$1" = "$2" ] && [ -n "$1" ]; then ok 0 "$3 ($1)"; else ok 1 "$3: '$1' is not '$2'"; fi
}

json() { # FILE EXPRESSION-ON-d
	python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

echo 1..34
xz -dc "$data/failures.txt.xz" >failures.txt
mkdir ctf && xz -dc "$data/lttng-kernel.tar.xz" | tar -C ctf -xf -
xz -dc "$OLDPWD/replay/samples/calm/trace.dat.xz" >calm.dat

# --- ftrace text, with failed allocations
babeltrace2 failures.txt -c sink.kmemrig.summary -p 'format="json",output="f.json",limit=0' 2>err
ok $? "ftrace text is found by itself"
same "$(json f.json 'sum(d["events"].values())')" "$(grep -c ': ' failures.txt)" "all events of the text"
for event in kmalloc mm_page_free_batched mm_page_alloc_extfrag; do
	same "$(json f.json "d['events']['kmem:$event']")" "$(grep -c " $event: " failures.txt)" "count of $event"
done
same "$(json f.json 'd["pages"]["failures"]')" "$(grep -c 'mm_page_alloc: .*pfn=0x0 ' failures.txt)" "failed page allocations"
flags='GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP'
same "$(json f.json "[f['count'] for f in d['failures'] if f['order'] == 3 and f['gfp_flags'] == '$flags'][0]")" \
	"$(grep -c "pfn=0x0 order=3 .*gfp_flags=$flags\$" failures.txt)" "failures by order and flags"
same "$(json f.json 'round(min(f["first_ns"] for f in d["failures"]) / 1000)')" \
	"$(awk '/pfn=0x0/ { gsub(/[.:]/, "", $3); print $3 + 0; exit }' failures.txt)" "the instant of the first"
same "$(json f.json 'd["slab"]["failed"]')" "$(grep -c -E '(kmalloc|kmem_cache_alloc): .*ptr=\(nil\)' failures.txt)" "failed object allocations"
same "$(json f.json 'd["slab"]["bytes_allocated"]')" \
	"$(sed -n 's/.*bytes_alloc=\([0-9]*\).*/\1/p' failures.txt | awk '{ s += $1 } END { print s }')" "bytes allocated"
same "$(json f.json 'd["slab"]["null_frees"]')" "$(grep -c 'kfree: .*ptr=(nil)' failures.txt)" "frees of NULL"
live=$(awk '{ for (i = 4; i <= NF; i++) if ($i ~ /^ptr=/) p = $i }
	/ (kmalloc|kmem_cache_alloc): / && p != "ptr=(nil)" { live[p] = 1 }
	/ (kfree|kmem_cache_free): / { delete live[p] }
	END { for (p in live) n++; print n }' failures.txt)
same "$(json f.json 'd["slab"]["live_objects"]')" "$live" "objects live at the end"

# --- LTTng's kernel trace
babeltrace2 ctf >ctf.txt
babeltrace2 ctf -c sink.kmemrig.summary -p 'format="json",output="c.json",limit=0'
ok $? "a kernel trace of LTTng"
same "$(json c.json 'sum(d["events"].values())')" "$(wc -l <ctf.txt)" "all its events"
same "$(json c.json 'd["pages"]["allocs"]')" "$(grep -c kmem_mm_page_alloc: ctf.txt)" "page allocations"
same "$(json c.json 'sum(s["allocs"] for s in d["call_sites"])')" \
	"$(grep -c -E ' (kmem_kmalloc|kmem_cache_alloc|kmem_kmalloc_node|kmem_cache_alloc_node): ' ctf.txt)" "allocations by call site add up"
babeltrace2 ctf -c sink.kmemrig.summary >text.txt
grep -q "^SUMMARY (SLAB allocator)" text.txt && grep -q "^SUMMARY (page allocator)" text.txt
ok $? "the summary as text"
babeltrace2 ctf -c sink.kmemrig.summary -p 'format="json",output="cpu.json",cpu=1'
same "$(json cpu.json 'd["slab"]["allocs"]')" \
	"$(grep -c -E 'alloc(_node)?: { cpu_id = 1 }.*bytes_req' ctf.txt)" "events of one CPU only"

# --- trace.dat
babeltrace2 calm.dat -c sink.kmemrig.summary -p 'format="json",output="d.json",limit=0'
ok $? "trace.dat is found by itself"
trace-cmd report -N calm.dat 2>/dev/null | grep -v '^cpus=' >calm.txt
same "$(json d.json 'sum(d["events"].values())')" "$(wc -l <calm.txt)" "all events of trace.dat"
babeltrace2 calm.txt -c sink.kmemrig.summary -p 'format="json",output="e.json",limit=0'
same "$(json d.json '[d["slab"]["bytes_allocated"], d["slab"]["ping_pong"], d["pages"]["alloc_only"]]')" \
	"$(json e.json '[d["slab"]["bytes_allocated"], d["slab"]["ping_pong"], d["pages"]["alloc_only"]]')" "trace.dat and its text agree"

# --- filters
babeltrace2 ctf -c filter.kmemrig.pair >pair.txt
same "$(grep -c kmemrig:leak pair.txt)" "$(json c.json 'd["slab"]["live_objects"]')" "leaks are the objects left"
same "$(grep -c 'status = "unknown"' pair.txt)" "$(json c.json 'd["slab"]["unknown_frees"]')" "unknown frees are marked"
babeltrace2 ctf -c filter.kmemrig.decode | grep -q 'gfp_names = "GFP_KERNEL|__GFP_ZERO"'
ok $? "flags are named"
babeltrace2 calm.dat -c filter.kmemrig.lttng -c sink.ctf.fs -p 'path="export",quiet=true'
same "$(babeltrace2 export | grep -c ' kmem_mm_page_alloc: ')" "$(grep -c ' mm_page_alloc: ' calm.txt)" "events of the export have LTTng's names"
grep -qa 'domain = "kernel"' $(find export -name metadata)
ok $? "the export is a kernel's trace"

# --- bad input: a clear message, the good part analysed, not success
head -c 100000 failures.txt >cut.txt
babeltrace2 cut.txt -c sink.kmemrig.summary -p 'format="json",output="cut.json"' 2>err
[ $? -ne 0 ] && grep -q "cut.txt:$(wc -l <cut.txt | awk '{ print $1 + 1 }'): the line is cut off" err
ok $? "a cut text names file and line"
same "$(json cut.json 'sum(d["events"].values())')" "$(($(wc -l <cut.txt) - 1))" "what came before the cut is analysed"
head -c 400000 calm.dat >cut.dat
babeltrace2 cut.dat -c sink.kmemrig.summary >out 2>err
[ $? -ne 0 ] && grep -q 'cut.dat' err; ok $? "a cut trace.dat is refused by name"

# --- a trace.dat of version 7 has the table of its CPUs at the end: without it the pages tell
xz -dc "$OLDPWD/replay/samples/calm/trace.dat.xz" >whole.dat
babeltrace2 whole.dat | sed 's/(+[^)]*)//' >whole.events
head -c 3000000 whole.dat >part.dat
babeltrace2 part.dat 2>err | sed 's/(+[^)]*)//' >part.events
grep -q 'part.dat: byte 3000000: the file ends inside the events' err
ok $? "a cut trace.dat of version 7 is named with the byte"
head -n "$(wc -l <part.events)" whole.events | cmp -s - part.events &&
	[ "$(wc -l <part.events)" -gt 20000 ]
ok $? "its pages that are there are read"
trace-cmd convert -i whole.dat -o packed.dat --file-version 7 --compression zstd >/dev/null 2>&1
head -c $(($(wc -c <packed.dat) * 9 / 10)) packed.dat >part.dat
babeltrace2 part.dat 2>err | sed 's/(+[^)]*)//' >part.events
grep -q "part.dat: byte $(wc -c <part.dat): .*counts of its pages" err &&
	head -n "$(wc -l <part.events)" whole.events | cmp -s - part.events &&
	[ "$(wc -l <part.events)" -gt 40000 ]
ok $? "packed pages too"
babeltrace2 "$OLDPWD/replay/samples/calm/trace.dat.xz" | sed 's/(+[^)]*)//' | cmp -s - whole.events
ok $? "a packed file is unpacked"

# --- the report
babeltrace2 failures.txt -c sink.kmemrig.report -p 'output="r.html"' &&
	grep -q '</html>' r.html && ! grep -q -E '(src|href)=|fetch\(|import ' r.html
ok $? "the report is one file that needs no network"
