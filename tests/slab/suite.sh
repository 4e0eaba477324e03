#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own tests of its slab allocators against ours: lib/test_meminit.c (memory comes
# cleared where that was asked for) on every backend and lib/slub_kunit.c (SLUB finds corruption) on
# SLUB, as they are in Debian's linux-source-6.1: unpacked into build/, compiled against include/.
#
#	tests/slab/suite.sh [-v]        (./rig suite slab builds first)
#
# test_meminit runs with init_on_alloc=1, as the kernel that it is meant for; without it has to fail
# (the test can). Exit 0: all passed; 1: a test failed; 2: no source.
set -eu
cd "$(dirname "$0")/../.."

source=${LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
work=build/suite/slab
tree=$work/linux-source-6.1
verbose=false
[ "${1:-}" != -v ] || verbose=true

[ -r "$source" ] || {
	echo "tests/slab/suite.sh: $source: not found (Debian package linux-source-6.1)" >&2
	exit 2
}
mkdir -p "$work"
if [ ! -e "$work/unpacked" ] || [ "$source" -nt "$work/unpacked" ]; then
	echo "unpacking the suite from $source" >&2
	tar -xJf "$source" -C "$work" \
		linux-source-6.1/lib/test_meminit.c linux-source-6.1/lib/slub_kunit.c
	touch "$work/unpacked"
fi
mkdir -p "$tree/mm"
cp tests/slab/suite/mm_slab.h "$tree/mm/slab.h"
scons -Q variant=release build/release/libkmemrig.a >"$work/build.log" || {
	cat "$work/build.log" >&2
	exit 2
}

compile() { # PROGRAM RUNNER TEST
	gcc -std=gnu11 -O2 -g -fno-strict-aliasing -mcx16 -I include -D_GNU_SOURCE \
		-DKBUILD_MODNAME="\"${3%.c}\"" "tests/slab/suite/$2" "$tree/lib/$3" \
		build/release/libkmemrig.a -lfdt -ldl -lm -pthread -o "$work/$1"
}

failed=0
run() { # EXPECTED NAME PROGRAM [ARGUMENT...]
	expected=$1
	name=$2
	shift 2
	code=0
	"$@" >"$work/log" 2>&1 || code=$?
	if [ "$code" -eq "$expected" ]; then
		echo "ok - $name: $(grep -e 'passed' -e '^1\.\.' -e failures: "$work/log" | tail -n 1)"
		! $verbose || cat "$work/log"
	else
		echo "not ok - $name (exit code $code)"
		tail -n 20 "$work/log"
		failed=$((failed + 1))
	fi
}

compile meminit module.c test_meminit.c
compile slub_kunit kunit.c slub_kunit.c
for backend in slub slab slob; do
	run 0 "test_meminit on $backend" "$work/meminit" $backend init_on_alloc=1
	run 1 "test_meminit on $backend fails where memory is not cleared" "$work/meminit" $backend
done
run 0 "test_meminit on hardened slub" "$work/meminit" slub \
	"init_on_alloc=1 slab_freelist_random slab_freelist_hardened"
run 0 "slub_kunit on slub" "$work/slub_kunit"

[ "$failed" -eq 0 ] || {
	echo "slab suite: $failed runs failed"
	exit 1
}
echo "slab suite: all passed"
