#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig trace never loses an event silently: whatever ends or hinders a daemon, the program or the
# disk is told in one line, with the exit code that the man page has, within a time limit, and leaves
# neither daemon nor folder.
. tests/report.sh
. tests/tracing/session.sh

# expect CODE WORDS TEXT: of the last trace, whose exit code is in $code and whose messages are in $work/err
expect() {
	[ "$code" -eq "$1" ] && grep -q "^kmemrig: trace: .*$2" "$work/err" && nothing_left
	report $? "$3 (exit $code: $(grep '^kmemrig: trace' "$work/err" | head -1))"
}

trace() { # FOLDER ARGUMENT...
	folder=$1
	shift
	timeout 100 "$kmemrig" trace -o "$work/$folder" "$@" >"$work/out" 2>"$work/err"
	code=$?
}

cat >"$work/interfere" <<END
. "$work/begin"
begin emit \$1
\$2 \$(sh "$work/daemon" \$3)
wait \$!
END

trace session sh "$work/interfere" 400000 "kill -KILL" session
expect 1 "lttng-sessiond ended by itself (signal 9)" "a session daemon that is killed is told"
trace consumer sh "$work/interfere" 400000 "kill -KILL" consumer
expect 1 "consumer daemon died" "a consumer daemon that is killed is told"
trace early sh -c "kill -KILL \$(sh '$work/daemon' consumer); sleep 0.2; '$emitter' emit 10"
[ "$code" -ne 0 ] && grep -q 'consumer daemon died' "$work/err" && nothing_left
report $? "so it is when it is killed before the program begins (exit $code)"
before=$(date +%s)
trace hang --timeout 2 sh "$work/interfere" 1000 "kill -STOP" consumer
took=$(($(date +%s) - before))
expect 1 "no answer within 2 s" "a consumer daemon that hangs is told"
[ "$took" -lt 20 ]
report $? "within the time limit ($took s)"

# a disk that is full, and has room again before the end
mkdir "$work/small"
if unshare -m mount -t tmpfs none "$work/small" 2>/dev/null; then
	cat >"$work/small-disk" <<END
mount -t tmpfs -o size=6m none "$work/small" || exit 9
dd if=/dev/zero of="$work/small/filler" bs=1M count=5 2>/dev/null
"$kmemrig" trace -o "$work/small/t" -- sh -c "'$emitter' emit 60000; rm '$work/small/filler'; '$emitter' emit 10"
END
	timeout 100 unshare -m sh "$work/small-disk" >"$work/out" 2>"$work/err"
	code=$?
	expect 1 "no space is left" "a disk that was full for a while is told"
else
	report 0 "a disk that was full for a while is told # SKIP: tmpfs can't be mounted"
fi

# A killed program: what LTTng can't read is told; what it can is all there.
cat >"$work/killed" <<END
. "$work/begin"
begin hammer 2 100000000
sleep 0.\$1
kill -KILL \$!
wait \$!
END
told=0
for tenths in 1 2 3; do
	before=$(date +%s)
	trace "killed$tenths" sh "$work/killed" $tenths
	took=$(($(date +%s) - before))
	[ "$code" -eq 137 ] && [ "$took" -lt 30 ] || told=-100
	grep -q 'killed while it wrote an event' "$work/err" && told=$((told + 1))
	grep -q ' 0 events discarded$' "$work/err" && told=$((told + 1))
done
[ "$told" -eq 3 ] && nothing_left
report $? "a program killed at full speed ends in time, and the trace is whole or said not to be"
babeltrace2 "$work/killed3" 2>/dev/null | awk '
	/kmem:kmalloc/ { cpu = $0; sub(/.*cpu_id = /, "", cpu); sub(/ .*/, "", cpu)
		n[cpu]++; last[cpu] = $0 }
	END { for (cpu in n) { at = last[cpu]; sub(/.*ptr = 0x/, "", at); sub(/,.*/, "", at)
		print n[cpu], at } }' >"$work/counts"
python3 - "$work/counts" <<'END'
import sys
rows = [line.split() for line in open(sys.argv[1])]
# object i of a thread is at 0xffff888000002000 + 64 i
sys.exit(not rows or any(int(n) != (int(at, 16) - 0xffff888000002000) // 64 + 1 for n, at in rows))
END
report $? "what is in it has no gap"
trace late sh -c "'$emitter' emit 1000; kill -KILL \$\$"
[ "$code" -eq 137 ] && [ "$(babeltrace2 "$work/late" | grep -c kmem:kfree)" -eq 1000 ] && nothing_left
report $? "a program that is killed between events loses none"

# The provider and its registration
KMEMRIG_LTTNG="$work/no-provider.so" trace provider "$kmemrig" run -m 64M /dev/null
[ "$code" -eq 2 ] && grep -q 'no-provider.so' "$work/err" && nothing_left
report $? "a provider that can't be loaded is told, with exit 2 ($(cat "$work/err" | head -1))"
trace register --timeout 2 sh -c "kill -STOP \$(sh '$work/daemon' session); '$kmemrig' run -m 64M /dev/null; code=\$?; \
	kill -CONT \$(sh '$work/daemon' session); exit \$code"
[ "$code" -eq 2 ] && grep -q 'not registered' "$work/err" && nothing_left
report $? "a daemon that does not register the program in time is told, with exit 2 ($(head -1 "$work/err"))"
LTTNG_UST_REGISTER_TIMEOUT=0 trace short "$emitter" emit 10
[ "$code" -eq 0 ] && [ "$(babeltrace2 "$work/short" | grep -c kmem:kfree)" -eq 10 ]
report $? "LTTng's own registration time does not count: a short program's events are there"

# Programs that become others
trace exec sh -c "exec '$emitter' emit 10"
[ "$code" -eq 0 ] && [ "$(babeltrace2 "$work/exec" | grep -c kmem:kfree)" -eq 10 ]
report $? "a program that execs another is traced"
for variant in release asan; do
	program=$build/../$variant/tests/tracing/test_lttng
	[ -x "$program" ] || continue
	trace "fork-$variant" -c vpid --follow-forks "$program" fork 100
	pids=$(babeltrace2 "$work/fork-$variant" | sed -n 's/.*kmem:kfree.*vpid = \([0-9]*\).*/\1/p' | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')
	[ "$code" -eq 0 ] && [ "$pids" = "100 100 " ]
	report $? "a forked child's events are there, under its own pid ($variant: $pids)"
done
trace fork -c vpid "$emitter" fork 100
[ "$code" -eq 0 ] && [ "$(babeltrace2 "$work/fork" | grep -c kmem:kfree)" -eq 200 ]
report $? "without --follow-forks they are there, too"

# Messages that nobody reads: the viewer's command line is one before the command begins
start_relay
{ "$kmemrig" trace --url "$relay_url" --live 100000 -- "$emitter" emit 10 2>&1 >"$work/out"; echo $? >"$work/code"; } | true
for try in $(seq 100); do [ -s "$work/code" ] && break; sleep 0.1; done
[ "$(cat "$work/code")" -eq 0 ] && nothing_left
report $? "a closed standard error ends nothing before its time (exit $(cat "$work/code"))"
end_relay

# Signals to kmemrig trace, at any moment: all ends, and what was recorded is kept
left=0
for signal in 2 15 1; do
	for delay in 0.05 0.2 0.4 0.6 1.2; do
		rm -rf "$work/signal"
		"$kmemrig" trace -q -o "$work/signal" -- sh -c "'$emitter' emit 1000; exec sleep 60" >"$work/out" 2>"$work/err" &
		pid=$!
		sleep $delay
		kill -$signal $pid
		wait $pid
		code=$?
		[ $code -eq $((128 + signal)) ] && nothing_left && left=$((left + 1))
	done
done 2>/dev/null
[ $left -eq 15 ]
report $? "INT, TERM and HUP at any moment end command, session and daemons ($left of 15)"
[ "$(babeltrace2 "$work/signal" | grep -c kmem:kfree)" -eq 1000 ]
report $? "what was recorded before is kept"
echo "1..$number"
