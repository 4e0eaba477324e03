#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# filter.kmemrig.lttng: lttng-analyses counts in its output what awk counts in the input, and its
# metadata are those that LTTng's kernel tracer wrote on a real kernel.
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
top=$PWD
data=$top/tests/tracing/data
sample=$top/replay/samples/calm
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
work=$(mktemp -d /tmp/kmemrig-export-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

ok() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

same() { # A B NAME
	if [ "$1" = "$2" ] && [ -n "$1" ]; then ok 0 "$3"; else
		ok 1 "$3"
		printf '%s\n' "$1" "is not" "$2" | sed 's/^/# /'
	fi
}

export_as() { # TRACE FOLDER
	babeltrace2 "$1" -c filter.kmemrig.lttng -c sink.ctf.fs -p "path=\"$2\",quiet=true"
}

memtop() { # FOLDER
	lttng-memtop-mi --limit 0 --no-intersection "$1" 2>"$1.err" | python3 "$top/tests/tracing/export.py" memtop | sort
}

# Of lines "TASK alloc|free": events by task the way memtop counts them, each as one page whatever
# its order: no free while no page is known to be allocated, and nothing of the idle task.
tally='
	$2 == "alloc" { pages++ }
	$2 == "free" { if (!pages) next; pages-- }
	$1 > 0 { n[$2 " " $1]++ }
	END { for (key in n) print key, n[key] }'

differences() { # FOLDER [LACKING...]
	babeltrace2 -o ctf-metadata "$(dirname "$(find "$1" -name metadata)")" >"$1.metadata"
	export_name=$1
	shift
	python3 "$top/tests/tracing/export.py" layout real-metadata.txt "$export_name.metadata" "$@" 2>&1
}

# what ftrace's events and ours don't hold: the address of struct page, what MEMCG_KMEM makes of
# kmalloc's flags
lacking="kmem_kmalloc.accounted kmem_mm_page_alloc.page kmem_mm_page_free.page
	kmem_mm_page_free_batched.page kmem_mm_page_alloc_zone_locked.page kmem_mm_page_alloc_extfrag.page"

echo 1..26
xz -dc "$data/lttng-kernel-metadata.txt.xz" >real-metadata.txt
xz -dc "$sample/trace.dat.xz" >calm.dat

# --- recorded by LTTng-UST: the machine that replays a kernel's trace
"$build/kmemrig" trace -q -o ust -- "$build/kmemrig" replay --level object \
	--state "$sample/before.state.xz" calm.dat >/dev/null 2>ust.log
ok $? "a replay is recorded"
export_as ust ust-export
ok $? "its trace is exported"
babeltrace2 ust | awk '
	match($0, /cpu_id = [0-9]+/) { cpu = substr($0, RSTART + 9, RLENGTH - 9) }
	/ kmemrig:task: / { match($0, /pid = -?[0-9]+/); task[cpu] = substr($0, RSTART + 6, RLENGTH - 6) }
	/ kmem:mm_page_alloc: / { print task[cpu], "alloc" }
	/ kmem:mm_page_free: / { print task[cpu], "free" }' >ust.tasks
same "$(memtop ust-export)" "$(awk "$tally" ust.tasks | sort)" "lttng-memtop: pages of each task"
[ "$(awk "$tally" ust.tasks | wc -l)" -gt 30 ]
ok $? "which are many"
same "$(babeltrace2 ust-export | grep -c -v -e ' sched_switch: ')" \
	"$(babeltrace2 ust | grep -c -v ' kmemrig:task: ')" "no event is lost or made up, but for sched_switch"
# shellcheck disable=SC2086
same "$(differences ust-export $lacking; echo end)" end "metadata as LTTng's"
for analysis in cputop schedtop schedstats irqstats iousagetop iolatencystats syscallstats; do
	"lttng-$analysis" --no-progress ust-export >"$analysis.txt" 2>&1 && [ -s "$analysis.txt" ] ||
		echo "lttng-$analysis: $(tail -n 1 "$analysis.txt")"
done >refusals
[ ! -s refusals ]
ok $? "lttng-analyses' other commands accept it$(sed 's/^/; /' refusals)"

# --- all events that we have, under LTTng's names
"$build/kmemrig" trace -q -o all -- "$build/tests/tracing/test_lttng" emit 3 && export_as all all-export
ok $? "events of all kinds are exported"
# shellcheck disable=SC2086
same "$(differences all-export $lacking; echo end)" end "metadata of all as LTTng's"
same "$(sed -n 's/^\tname = "\(.*\)";$/\1/p' all-export.metadata | grep -v ^kmemrig: | sort | tr '\n' ' ')" \
	"kmem_cache_alloc kmem_cache_free kmem_kfree kmem_kmalloc kmem_mm_page_alloc $(
	)kmem_mm_page_alloc_extfrag kmem_mm_page_alloc_zone_locked kmem_mm_page_free kmem_mm_page_free_batched $(
	)kmem_mm_page_pcpu_drain mm_compaction_end mm_vmscan_direct_reclaim_begin sched_switch " "names as LTTng's"

# --- trace.dat
export_as calm.dat dat-export
trace-cmd report -N calm.dat 2>/dev/null | awk '
	match($1, /-[0-9]+$/) { task = substr($1, RSTART + 1) }
	/ mm_page_alloc: / { print task, "alloc" }
	/ mm_page_free: / { print task, "free" }' >dat.tasks
same "$(memtop dat-export)" "$(awk "$tally" dat.tasks | sort)" "trace.dat: pages of each task"
# shellcheck disable=SC2086
same "$(differences dat-export $lacking; echo end)" end "trace.dat: metadata as LTTng's"
same "$(babeltrace2 dat-export | grep -c -v ' sched_switch: ')" "$(trace-cmd report -N calm.dat 2>/dev/null | grep -c -v ^cpus=)" \
	"trace.dat: all events"

# --- LTTng's own kernel trace, of two CPUs, recorded without events of the scheduler
mkdir lttng && xz -dc "$data/lttng-kernel.tar.xz" | tar -C lttng -xf -
export_as lttng lttng-export
babeltrace2 lttng | sed -n 's/.* kmem_mm_page_\(alloc\|free\): .*tid = \(-*[0-9]*\) .*/\2 \1/p' >lttng.tasks
same "$(memtop lttng-export)" "$(awk "$tally" lttng.tasks | sort)" "LTTng's kernel trace: pages of each task"
same "$(differences lttng-export; echo end)" end "LTTng's kernel trace: metadata stay, page and accounted too"
same "$(babeltrace2 lttng-export | grep -v ' sched_switch: ' | sed 's/(+[^)]*) //' | cksum)" \
	"$(babeltrace2 lttng | sed 's/(+[^)]*) //' | cksum)" "LTTng's kernel trace: events are said again as they are"

# --- events of the scheduler in the input, threads, lost events, two CPUs
python3 "$top/tests/tracing/export.py" make two && export_as two two-export
ok $? "a trace with events of the scheduler"
babeltrace2 two-export 2>two.err | sed -e 's/^\[[0-9:]*\.0*\([0-9]*\)\] ([^)]*) [a-z]* /\1 /' >two.txt
cat >two.expected <<'END'
1000 sched_switch: { cpu_id = 0 }, { procname = "", tid = -1 }, { prev_comm = "", prev_tid = -1, prev_prio = -2147483648, prev_state = 512, next_comm = "thread", next_tid = 8, next_prio = -2147483648 }
1000 kmem_mm_page_alloc: { cpu_id = 0 }, { procname = "thread", tid = 8 }, { pfn = 5, order = 0, gfp_flags = 3264, migratetype = 0 }
1050 sched_switch: { cpu_id = 1 }, { procname = "", tid = -1 }, { prev_comm = "", prev_tid = -1, prev_prio = -2147483648, prev_state = 512, next_comm = "swapper/1", next_tid = 0, next_prio = -2147483648 }
1050 mm_vmscan_shrink_slab_end: { cpu_id = 1 }, { procname = "swapper/1", tid = 0 }, { shr = 0x1, nid = -1, shrink = 0x2, unused_scan = 3, new_scan = 4, retval = 5, total_scan = -6 }
1100 kmem_mm_page_free: { cpu_id = 0 }, { procname = "thread", tid = 8 }, { pfn = 5, order = 0 }
1150 sched_switch: { cpu_id = 1 }, { procname = "swapper/1", tid = 0 }, { prev_comm = "swapper/1", prev_tid = 0, prev_prio = -2147483648, prev_state = 512, next_comm = "late", next_tid = 9, next_prio = -2147483648 }
1150 sched:sched_process_fork: { cpu_id = 1 }, { procname = "late", tid = 9 }, { parent_comm = "late", parent_pid = 9, child_comm = "child", child_pid = 10 }
1200 sched_switch: { cpu_id = 0 }, { procname = "thread", tid = 8 }, { prev_comm = "thread", prev_tid = 8, prev_prio = 20, prev_state = 1, next_comm = "init", next_tid = 1, next_prio = 0 }
1300 kmem_mm_page_alloc: { cpu_id = 0 }, { procname = "init", tid = 1 }, { pfn = 6, order = 1, gfp_flags = 3520, migratetype = 1 }
1400 sched_wakeup: { cpu_id = 0 }, { procname = "init", tid = 1 }, { comm = "thread", tid = 8, prio = 20, target_cpu = 1 }
1500 mm_vmscan_lru_isolate: { cpu_id = 1 }, { procname = "late", tid = 9 }, { classzone_idx = 2, order = 0, lru = 3 }
1600 compaction_isolate_freepages: { cpu_id = 1 }, { procname = "late", tid = 9 }, { start_pfn = 16, end_pfn = 32 }
1700 oom:mark_victim: { cpu_id = 1 }, { procname = "late", tid = 9 }, { pid = 9 }
END
same "$(cat two.txt)" "$(cat two.expected)" "the scheduler's own switches, threads, names and priorities as LTTng has them"
grep -q 'discarded 5 events' two.err
ok $? "lost events stay lost"
lttng-memtop --no-progress two-export >two.memtop 2>&1 && lttng-schedtop --no-progress two-export >two.schedtop 2>&1
ok $? "lttng-analyses accept these events"

# --- what can't be exported
mkdir clockless && sed -e 's/^clock.*//' -e 's/map = clock.c.value; //g' -e 's/timestamp/stamp/g' two/metadata >clockless/metadata && cp two/cpu0 clockless
export_as clockless clockless-export 2>clockless.err
[ $? -ne 0 ] && grep -q 'kmemrig: filter.kmemrig.lttng: trace .* has no clock' clockless.err
ok $? "a trace without a clock is refused"

# --- damage: babeltrace2 ends with an error, and what came before it is a whole trace
xz -dc "$data/failures.txt.xz" | head -c 100000 >cut.txt
export_as cut.txt cut-export 2>cut.err
[ $? -eq 1 ] && grep -q 'cut.txt:.*cut off' cut.err &&
	[ "$(babeltrace2 cut-export | grep -c -v ' sched_switch: ')" -eq "$(($(wc -l <cut.txt) - 1))" ]
ok $? "of a damaged trace the good part is exported"

# --- a recorder that lost events: the CTF says so, through the filter and without it
{
	xz -dc "$data/failures.txt.xz" | head -n 20
	echo 'CPU:0 [LOST 7 EVENTS]'
	xz -dc "$data/failures.txt.xz" | sed -n 21,60p
} >lost.txt
export_as lost.txt lost-export && babeltrace2 lost-export 2>&1 >/dev/null | grep -q 'discarded 7 events'
ok $? "events that ftrace lost are lost in the export"
babeltrace2 lost.txt -c sink.ctf.fs -p 'path="lost-plain",quiet=true' &&
	babeltrace2 lost-plain 2>&1 >/dev/null | grep -q 'discarded 7 events'
ok $? "and in plain CTF"

# --- fields of all structures, in an event that isn't ours
python3 "$top/tests/tracing/export.py" make-variant odd
babeltrace2 odd | sed 's/.* net:odd: { [^}]* }, //' | grep sequence >odd.txt
grep -q 'sequence = \[ \[0\] = 7, \[1\] = 8 \].*choice = { "text" }' odd.txt && export_as odd odd-export
same "$(babeltrace2 odd-export | sed 's/.* net:odd: { [^}]* }, { [^}]* }, //' | grep sequence)" "$(cat odd.txt)" \
	"arrays, sequences, structures and variants are exported"
for filter in decode pair attribute; do
	babeltrace2 odd -c "filter.kmemrig.$filter" -c sink.ctf.fs -p "path=\"odd-$filter\",quiet=true" &&
		babeltrace2 "odd-$filter" | sed 's/.* net:odd: { [^}]* }, //' | grep sequence | cmp - odd.txt
done >odd.log 2>&1
[ ! -s odd.log ]
ok $? "and written as CTF through the other filters"
