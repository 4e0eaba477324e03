#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig trace: exit codes, lost events, signals, nothing left behind; as root an ordinary user too.
. tests/report.sh
. tests/tracing/session.sh
mkdir "$work/user"

"$kmemrig" trace -o "$work/t1" -- "$emitter" emit 1000 7 >"$work/out" 2>"$work/err"
[ $? -eq 7 ]; report $? "the command's exit code is passed on"
lines=$(babeltrace2 "$work/t1" | grep -c -v kmemrig:task)
[ "$lines" -eq 14000 ]; report $? "all 14000 events are in the trace ($lines)"
grep -q ' 0 events discarded' "$work/err"; report $? "it says that nothing was discarded"

"$kmemrig" trace -o "$work/t2" --subbuf-size 64k --num-subbuf 2 -- "$emitter" hammer 2 500000 >"$work/out" 2>"$work/err"
code=$?
lost=$(sed -n 's/.*trace: \([0-9]*\) events discarded.*/\1/p' "$work/err")
[ $code -eq 1 ] && [ "${lost:-0}" -gt 0 ]; report $? "lost events are a failure that says how many (${lost:-none})"
there=$(babeltrace2 "$work/t2" 2>/dev/null | grep -c kmem:kmalloc)
tasks=$(babeltrace2 "$work/t2" 2>/dev/null | grep -c kmemrig:task)
sum=$((there + ${lost:-0} + tasks))
[ $sum -ge 1000000 ] && [ $sum -le 1000002 ]; report $? "lost and recorded events make all of them ($sum)"

"$kmemrig" trace -q -o "$work/t3" -- "$emitter" hammer 2 1000000 >"$work/out"
[ $? -eq 0 ] && [ "$(babeltrace2 "$work/t3" | grep -c kmem:kmalloc)" -eq 2000000 ]
report $? "two threads at full speed lose none with the default buffers"

"$kmemrig" trace -q -o "$work/t4" -- "$work/no-such-command" 2>/dev/null
[ $? -eq 127 ]; report $? "a command that is not there gives 127"
"$kmemrig" trace -q -o "$work/empty" -- true 2>"$work/err"
[ $? -eq 0 ] && grep -q 'made no machine' "$work/err"; report $? "a command that records nothing is told"
for arguments in "-e kmem:kmaloc" "-e ''" "-c colour" "--snapshot 5x" "--snapshot 0" "--num-subbuf 8M" \
	"--live 1000" "--snapshot-max 2" "--snapshot 1M --subbuf-size 1M" "--clock mine" "--timeout -1" \
	"--subbuf-size 99999999999G" "--url foo://bar" "-o /proc/none" "-o $work/t1 --url net://localhost" "--nonsense"; do
	(cd "$work/user" && eval "'$kmemrig' trace $arguments -- touch ran") 2>"$work/err"
	[ $? -eq 2 ] && [ -s "$work/err" ] && [ -z "$(ls "$work/user")" ]
	report $? "refused before anything is done: $arguments ($(head -1 "$work/err"))"
done
"$kmemrig" trace -q -o "$work/t1" -- true 2>"$work/err"
[ $? -eq 2 ] && grep -q 'not empty' "$work/err"; report $? "an output folder in use is refused with exit 2"

"$kmemrig" trace -q -o "$work/t5" -- sleep 60 &
pid=$!
sleep 2
kill -INT $pid
wait $pid
[ $? -eq 130 ]; report $? "an interrupt ends command and session"

if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$work/user"
	mkdir -p "$work/bin/tests"
	cp "$kmemrig" "$build"/kmemrig-lttng*.so "$emitter" "$work/bin"
	chmod -R a+rX "$work/bin"
	setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" TMPDIR="$TMPDIR" \
		"$work/bin/kmemrig" trace -q -o "$work/user/t" -- "$work/bin/test_lttng" emit 1000 >"$work/out"
	[ $? -eq 0 ] && [ "$(babeltrace2 "$work/user/t" | grep -c kmem:kfree)" -eq 1000 ]
	report $? "an ordinary user has a session of their own"
else
	report 0 "an ordinary user has a session of their own # SKIP: that is who runs this"
fi

# Call stacks: the line of the event, and the same names whatever the address
for run in a b; do
	"$kmemrig" trace -q --clock machine -c callstack -e kmem:kfree -o "$work/stack-$run" -- "$emitter" emit 10 >"$work/out"
	babeltrace2 --no-delta "$work/stack-$run" >"$work/stack-$run.txt"
done
line=$(grep -n 'RIG_TRACE(cpu, kfree' tests/tracing/emitter.c | cut -d: -f1)
[ "$(grep -B1 kmem:kfree "$work/stack-a.txt" | grep -c "kmemrig:callstack:.*stack = \"main;emitter_run.*:$line\" }")" -eq 10 ]
report $? "a call stack names functions and the line of the event (emitter.c:$line)"
cmp "$work/stack-a.txt" "$work/stack-b.txt"
report $? "it is the same in each run"

# A chroot whose "/" is no mount point, in which the system is mounted piece by piece
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	root=$work/root
	mkdir -p "$root/run" "$root/var"
	ln -s ../run "$root/var/run"
	touch "$root/marker"
	cat >"$work/make-chroot" <<END
for folder in /bin /sbin /lib /lib64 /usr /etc /dev /proc /tmp "$build"; do
	[ -d "\$folder" ] || continue
	mkdir -p "$root\$folder" && mount --rbind "\$folder" "$root\$folder" || exit 99
done
exec chroot "$root" sh "$work/in-chroot"
END
	cat >"$work/in-chroot" <<END
! mountpoint -q / && cd /etc || exit 98
"$kmemrig" trace -q -o "$work/t6" -- sh "$work/command"
code=\$?
[ \$code -ne 0 ] || ls /run/lttng
exit \$code
END
	cat >"$work/command" <<END
grep -q ' /run/lttng .* tmpfs kmemrig' /proc/self/mountinfo || exit 97
[ "\$(pwd)" = /etc ] && [ -e /marker ] || exit 96
"$emitter" emit 1000 >/dev/null
END
	unshare -m sh "$work/make-chroot" >"$work/out" 2>"$work/err"
	code=$?
	[ $code -eq 0 ] && [ "$(babeltrace2 "$work/t6" | grep -c kmem:kfree)" -eq 1000 ]
	report $? "in a chroot that is no mount point root has a private session, and stays in it (exit $code)"
	[ ! -s "$work/out" ]
	report $? "the run directory there stays empty"
else
	report 0 "root has a private session in a chroot # SKIP: no mount namespaces here"
fi

nothing_left
report $? "no daemon and no folder is left"
echo "1..$number"
