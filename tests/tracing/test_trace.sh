#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig trace: exit codes, lost events, signals, nothing left behind; as root an ordinary user too.
build=${KMEMRIG_BUILD:-$PWD/build/release}
kmemrig=$build/kmemrig
emitter=$build/tests/tracing/test_lttng
work=$(mktemp -d /tmp/kmemrig-trace-test-XXXXXX)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
number=0

ok() { # CONDITION-STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

mkdir "$work/tmp" && chmod 1777 "$work/tmp"
export TMPDIR="$work/tmp"

leftovers() { # daemons that are ours, and folders of sessions
	ps -eo args | grep "^lttng-sessiond .*$work/"
	ls "$work/tmp"
}

echo 1..16

"$kmemrig" trace -o "$work/t1" -- "$emitter" emit 1000 7 2>"$work/err"
[ $? -eq 7 ]; ok $? "the command's exit code is passed on"
lines=$(babeltrace2 "$work/t1" | grep -c -v kmemrig:task)
[ "$lines" -eq 14000 ]; ok $? "all 14000 events are in the trace ($lines)"
grep -q ' 0 events discarded' "$work/err"; ok $? "it says that nothing was discarded"

"$kmemrig" trace -o "$work/t2" --subbuf-size 64k --num-subbuf 2 -- "$emitter" hammer 2 500000 2>"$work/err"
code=$?
lost=$(sed -n 's/.*trace: \([0-9]*\) events discarded.*/\1/p' "$work/err")
[ $code -eq 1 ] && [ "${lost:-0}" -gt 0 ]; ok $? "lost events are a failure that says how many (${lost:-none})"
there=$(babeltrace2 "$work/t2" 2>/dev/null | grep -c kmem:kmalloc)
tasks=$(babeltrace2 "$work/t2" 2>/dev/null | grep -c kmemrig:task)
sum=$((there + ${lost:-0} + tasks))
[ $sum -ge 1000000 ] && [ $sum -le 1000002 ]; ok $? "lost and recorded events make all of them ($sum)"

"$kmemrig" trace -q -o "$work/t3" -- "$emitter" hammer 2 1000000
[ $? -eq 0 ] && [ "$(babeltrace2 "$work/t3" | grep -c kmem:kmalloc)" -eq 2000000 ]
ok $? "two threads at full speed lose none with the default buffers"

"$kmemrig" trace -q -o "$work/t4" -- "$work/no-such-command" 2>/dev/null
[ $? -eq 127 ]; ok $? "a command that is not there gives 127"
"$kmemrig" trace -q -o "$work/t1" -- true 2>"$work/err"
[ $? -eq 2 ] && grep -q 'not empty' "$work/err"; ok $? "an output folder in use is refused with exit 2"

"$kmemrig" trace -q -o "$work/t5" -- sleep 60 &
pid=$!
sleep 2
kill -INT $pid
wait $pid
[ $? -eq 130 ]; ok $? "an interrupt ends command and session"

"$kmemrig" trace -q --snapshot 256k -o "$work/t6" -- "$emitter" emit 100000 3
[ $? -eq 3 ] && babeltrace2 "$work/t6" | tail -1 | grep -q compaction:mm_compaction_end
ok $? "a failing command leaves a snapshot with its last event"
"$kmemrig" trace -q --snapshot 256k -o "$work/t7" -- "$emitter" emit 1000
[ $? -eq 0 ] && [ -z "$(ls "$work/t7")" ]; ok $? "a command that succeeds leaves none"

"$kmemrig" trace --snapshot 256k -o "$work/t8" -- "$emitter" fail 30000 0 2>"$work/err"
[ $? -eq 0 ] && grep -q "trace in $work/t8" "$work/err" && [ "$(ls "$work/t8" | wc -l)" -eq 1 ]; ok $? "a failed check saves one snapshot, though the command succeeds"
babeltrace2 "$work/t8" | tail -1 | grep -q 'kmemrig:check_failed.*first'
ok $? "it ends with the first failed check: nothing was overwritten"
"$kmemrig" trace -q --snapshot 256k -o "$work/t9" -- "$emitter" fail 1000 3
[ $? -eq 3 ] && [ "$(ls "$work/t9" | wc -l)" -eq 1 ]; ok $? "a check that ends the command is saved once"

if [ "$(id -u)" -eq 0 ]; then
	mkdir "$work/user" && chown 65534 "$work/user"
	mkdir -p "$work/bin/tests"
	cp "$kmemrig" "$build"/kmemrig-lttng*.so "$emitter" "$work/bin"
	chmod -R a+rX "$work/bin"
	setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" TMPDIR="$TMPDIR" \
		"$work/bin/kmemrig" trace -q -o "$work/user/t" -- "$work/bin/test_lttng" emit 1000
	[ $? -eq 0 ] && [ "$(babeltrace2 "$work/user/t" | grep -c kmem:kfree)" -eq 1000 ]
	ok $? "an ordinary user has a session of their own"
else
	ok 0 "an ordinary user has a session of their own # SKIP: that is who runs this"
fi

[ -z "$(leftovers)" ]; ok $? "no daemon and no folder is left"
