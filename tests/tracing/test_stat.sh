#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig stat: formats, options, reports, exit codes; a decoder that dies; the installed layout.
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
kmemrig=$build/kmemrig
top=$PWD
unset BABELTRACE_PLUGIN_PATH
work=$(mktemp -d /tmp/kmemrig-stat-test-XXXXXX)
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

json() { # EXPRESSION-ON-d of standard input
	python3 -c 'import json,sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

events='sum(d["events"].values())'
objects='(kmalloc|kmem_cache_alloc): '

echo 1..31
xz -dc "$top/tests/tracing/data/failures.txt.xz" >failures.txt
mkdir ctf && xz -dc "$top/tests/tracing/data/lttng-kernel.tar.xz" | tar -C ctf -xf -
xz -dc "$top/replay/samples/calm/trace.dat.xz" >calm.dat

# --- formats
lines=$(grep -c ': ' failures.txt)
same "$("$kmemrig" stat --json failures.txt | json "$events")" "$lines" "events of ftrace text"
same "$("$kmemrig" stat --json "$top/tests/tracing/data/failures.txt.xz" | json "$events")" "$lines" \
	"the same packed by xz"
same "$("$kmemrig" stat --json - <failures.txt | json "$events")" "$lines" "the same from standard input"
same "$("$kmemrig" stat --json calm.dat | json "$events")" \
	"$(trace-cmd report -N calm.dat 2>/dev/null | grep -c -v '^cpus=')" "events of trace.dat"
trace-cmd convert -i calm.dat -o six.dat --file-version 6 >/dev/null 2>&1
same "$("$kmemrig" stat --json six.dat | json "$events")" \
	"$("$kmemrig" stat --json calm.dat | json "$events")" "trace.dat of version 6"
same "$("$kmemrig" stat --json ctf | json "$events")" "$(babeltrace2 ctf | wc -l)" "events of LTTng's kernel trace"
same "$("$kmemrig" stat --json "$top/tests/replay/data/ctf" | json "$events")" \
	"$(babeltrace2 "$top/tests/replay/data/ctf" | wc -l)" "events of kmemrig's own trace"
if perf script --header-only -i "$KMEMRIG_RECORDINGS/perf-mixed/perf.data" >/dev/null 2>&1; then
	perf=$KMEMRIG_RECORDINGS/perf-mixed/perf.data
	same "$("$kmemrig" stat --json "$perf" | json 'sum(v for k, v in d["events"].items() if k.startswith("kmem:"))')" \
		"$(perf script -i "$perf" -F event 2>/dev/null | grep -c kmem:)" "kmem events of perf.data"
else
	ok 0 "kmem events of perf.data # SKIP no perf or no recording"
fi

# --- options
same "$("$kmemrig" stat --json --pid 329 failures.txt | json 'd["slab"]["allocs"]')" \
	"$(grep -E -- '-329 .* '"$objects" failures.txt | wc -l)" "--pid"
same "$("$kmemrig" stat --json --comm fio failures.txt | json 'd["pages"]["allocs"]')" \
	"$(grep -E '^ *fio-.* mm_page_alloc: ' failures.txt | wc -l)" "--comm"
same "$("$kmemrig" stat --json --cpu 0 failures.txt | json 'd["slab"]["allocs"]')" \
	"$(grep -E '\[000\].* '"$objects" failures.txt | wc -l)" "--cpu"
middle=$(awk '/ kmalloc: / { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) print $i + 0 }' failures.txt |
	sed -n 200p)
same "$(($("$kmemrig" stat --json --begin "$middle" failures.txt | json 'd["pages"]["allocs"]') +
	$("$kmemrig" stat --json --end "$middle" failures.txt | json 'd["pages"]["allocs"]')))" \
	"$(grep -c ' mm_page_alloc: ' failures.txt)" "--begin and --end share the events out"
# from the time of some page allocations on: to the nanosecond, in seconds since 1970
babeltrace2 --clock-seconds ctf | sed -n 's/^\[\([0-9.]*\)\].* kmem_mm_page_alloc: .*/\1/p' >times
left=0 wanted=0
for i in 20 50 80 110 140 170 200 230; do
	left=$((left + $("$kmemrig" stat --json --begin "$(sed -n ${i}p times)" ctf | json 'd["pages"]["allocs"]')))
	wanted=$((wanted + $(wc -l <times) - i + 1))
done
same $left $wanted "--begin is exact to the nanosecond"
"$kmemrig" stat --begin 1e3 failures.txt 2>err; [ $? -eq 2 ] && grep -q 'begin: not a time in seconds' err
ok $? "what is no time in seconds is refused"
same "$("$kmemrig" stat --json --limit 3 failures.txt | json 'len(d["call_sites"])')" 3 "--limit"
"$kmemrig" stat --sort hits --perf -o out.txt failures.txt && grep -q '^CALL SITES (by hits)' out.txt &&
	grep -q '^AS PERF KMEM STAT COUNTS' out.txt
ok $? "--sort, --perf and --output"
"$kmemrig" stat failures.txt >text.txt &&
	grep -q "^failed: $(grep -c 'mm_page_alloc: .*pfn=0x0 ' failures.txt) page allocations" text.txt
ok $? "the text begins with what failed"
first=$(awk '/pfn=0x0/ { print $1; exit }' failures.txt)
grep -q "by ${first%-*} (pid ${first##*-})" text.txt; ok $? "the first failure's task is named ($first)"

# --- reports
"$kmemrig" stat --report one.html failures.txt >one.txt && "$kmemrig" stat --report two.html failures.txt >two.txt
cmp one.html two.html && cmp one.txt two.txt && cmp one.txt text.txt
ok $? "reports and texts of two runs are identical, byte by byte"
grep -q '"source":"failures.txt"' one.html && ! grep -q "$work" one.html; ok $? "a report is called as its trace"
for run in one two; do
	"$kmemrig" replay --level object --state "$top/replay/samples/calm/before.state.xz" \
		--report "replay-$run.html" "$top/replay/samples/calm/trace.dat.xz" >/dev/null || break
done
cmp replay-one.html replay-two.html; ok $? "so are reports of two replays"
grep -q '"source":"replay of trace.dat.xz"' replay-one.html; ok $? "a replay's report is called as what was replayed"

# --- bad input
"$kmemrig" stat /nowhere 2>err; [ $? -eq 2 ] && grep -q '^kmemrig: /nowhere: No such file' err
ok $? "a trace that is not there is named"
"$kmemrig" stat --sort size failures.txt >out 2>err; [ $? -eq 2 ] && [ ! -s out ] && grep -q 'sort: bytes, hits' err
ok $? "an unknown sort key is refused with those there are"
"$kmemrig" stat "$top/README.md" /nowhere failures.txt >out 2>err
[ $? -eq 2 ] && grep -q 'README.md: byte 0: neither' err && grep -q '/nowhere: No such' err &&
	sed 1d out >rest && sed 1d text.txt | cmp -s - rest
ok $? "the good ones of several traces are analysed"
head -c 100000 failures.txt >cut.txt
"$kmemrig" stat --json cut.txt >out 2>err; [ $? -eq 2 ] && grep -q "cut.txt:$(wc -l <cut.txt | awk '{ print $1 + 1 }'): " err
ok $? "a cut text is named with the line"
same "$(json "$events" <out)" "$(($(wc -l <cut.txt) - 1))" "what came before the cut is analysed"

# --- a decoder that dies, and an interrupt: what was read is printed
# (time goes back every 6000 lines: such events count as of the time of the one before)
for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5; do grep -v '^#' failures.txt; done; done >part
for i in 1 2 3 4 5 6 7 8; do cat part; done >long.txt
end_child() { # SIGNAL child|self
	"$kmemrig" stat --json long.txt >out 2>err &
	pid=$!
	# until the child has worked for 0.2 s
	for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0; do
		child=$(ps -o pid= --ppid $pid | tr -d ' ')
		[ "$(awk '{ print $14 }' "/proc/${child:-self}/stat" 2>/dev/null || echo 0)" -ge 20 ] && break
		sleep 0.1
	done
	if [ "$2" = child ]; then kill "-$1" "$child"; else kill "-$1" $pid; fi
	wait $pid
}
end_child SEGV child
code=$?
read_events=$(json "$events" <out)
all=$(grep -c ': ' long.txt)
[ $code -eq 2 ] && grep -q '^kmemrig: long.txt: corrupt after about [0-9]* events: its decoder failed there' err &&
	[ "${read_events:-0}" -gt 1000 ] && [ "$read_events" -lt "$all" ]
ok $? "a decoder that dies: the events before are analysed ($read_events of $all), exit 2"
end_child INT self
code=$?
read_events=$(json "$events" <out)
[ $code -eq 130 ] && grep -q '^kmemrig: interrupted' err && [ "${read_events:-0}" -gt 1000 ] && [ "$read_events" -lt "$all" ]
ok $? "an interrupt: what was read is printed ($read_events of $all), exit 130"

# --- as installed
mkdir -p usr/bin usr/lib/babeltrace2/plugins
cp "$kmemrig" usr/bin && cp "$build"/babeltrace/*.so usr/lib/babeltrace2/plugins
same "$(usr/bin/kmemrig stat --json failures.txt | json "$events")" "$lines" "the plugin is found where it is installed"
rm -r usr/lib
usr/bin/kmemrig stat failures.txt 2>err
[ $? -eq 2 ] && grep -q 'plugin .* is not there' err; ok $? "without the plugin it says so"
