#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Real kernel code that uses the allocators, as it is in Debian's linux-source-6.1: unpacked into
# build/, compiled against include/ and, for data structures, the kernel's own headers behind it.
# The kernel's self tests of that code run on it; then each is run under `kmemrig fault`.
#
#	tests/code/suite.sh [-v] [NAME...]        (./rig suite code builds first; NAME: some tests only)
#
# What is left in build/suite/code serves other programs too: libkernel.a has the data structures
# (xarray, idr, radix trees, rbtree, rhashtable, ...), include/ their headers.
#
# Exit 0: all passed; 1: a test failed; 2: no source.
set -eu
cd "$(dirname "$0")/../.."

source=${LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
work=build/suite/code
tree=$work/linux-source-6.1
verbose=false
[ "${1:-}" != -v ] || {
	verbose=true
	shift
}
chosen=" $* "

# Data structures that live in libkernel.a, with the headers that they bring.
library="lib/xarray.c lib/radix-tree.c lib/idr.c lib/rbtree.c lib/interval_tree.c lib/rhashtable.c
	lib/genalloc.c lib/kfifo.c lib/scatterlist.c lib/list_sort.c lib/sort.c lib/parman.c
	lib/objagg.c lib/generic-radix-tree.c lib/klist.c lib/maple_tree.c
	mm/dmapool.c drivers/base/devres.c"
headers="xarray.h radix-tree.h idr.h rbtree.h rbtree_types.h rbtree_augmented.h interval_tree.h
	interval_tree_generic.h rhashtable.h rhashtable-types.h jhash.h list_nulls.h
	rculist_nulls.h bit_spinlock.h unaligned/packed_struct.h genalloc.h kfifo.h list_sort.h
	sort.h dmapool.h parman.h objagg.h generic-radix-tree.h klist.h maple_tree.h min_heap.h"
tests="lib/test_xarray.c lib/test_ida.c lib/test_rhashtable.c lib/rbtree_test.c
	lib/interval_tree_test.c lib/test_vmalloc.c lib/test_free_pages.c lib/test_parman.c
	lib/test_objagg.c lib/test_memcat_p.c lib/test_min_heap.c
	lib/percpu_test.c lib/atomic64_test.c lib/test_bitops.c lib/test-kstrtox.c lib/test_string.c
	lib/list-test.c lib/test_list_sort.c lib/test_sort.c lib/overflow_kunit.c"

[ -r "$source" ] || {
	echo "tests/code/suite.sh: $source: not found (Debian package linux-source-6.1)" >&2
	exit 2
}
mkdir -p "$work/include/linux/unaligned" "$work/objects/release" "$work/objects/asan"
if [ ! -e "$work/unpacked" ] || [ "$source" -nt "$work/unpacked" ] ||
	[ "$0" -nt "$work/unpacked" ]; then
	echo "unpacking the code from $source" >&2
	# shellcheck disable=SC2046
	tar -xJf "$source" -C "$work" $(for file in $library $tests; do
		echo "linux-source-6.1/$file"
	done; for file in $headers; do
		echo "linux-source-6.1/include/linux/$file"
	done)
	for file in $headers; do
		cp "$tree/include/linux/$file" "$work/include/linux/$file"
	done
	touch "$work/unpacked"
fi
scons -Q variant=release,asan build/release/libkmemrig.a build/release/kmemrig \
	build/asan/libkmemrig.a >"$work/build.log" || {
	cat "$work/build.log" >&2
	exit 2
}

flags="-std=gnu11 -g -Wno-format -Werror=implicit-function-declaration -fno-strict-aliasing -mcx16 -pthread
	-D_GNU_SOURCE -D__KERNEL__ -Dcpu_relax()=__builtin_ia32_pause() -DCONFIG_XARRAY_MULTI=1 -DCONFIG_SGL_ALLOC=1
	-I include -I $work/include -I tests/code/suite/include -include linux/kconfig.h"
release="-O2"
asan="-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=alignment"

# Object of a kernel source, in one variant; anew only where something changed.
object() { # VARIANT FILE
	out=$work/objects/$1/$(basename "$2" .c).o
	if [ ! -e "$out" ] || [ -n "$(find include tests/code/suite/include "$tree/$2" -newer "$out" | head -n 1)" ]; then
		eval "options=\$$1"
		# shellcheck disable=SC2086,SC2154
		gcc $flags $options -DKBUILD_MODNAME="\"$(basename "$2" .c)\"" -c "$tree/$2" -o "$out" || return 1
	fi
}

compile() { # VARIANT
	for file in $library $tests; do
		object "$1" "$file" || return 1
	done
	eval "options=\$$1"
	# shellcheck disable=SC2046,SC2086
	gcc $flags $options -c tests/code/suite/users.c -o "$work/objects/$1/users.o" || return 1
	rm -f "$work/libkernel-$1.a"
	# shellcheck disable=SC2046
	ar rcs "$work/libkernel-$1.a" $(for file in $library; do
		echo "$work/objects/$1/$(basename "$file" .c).o"
	done)
	for file in $tests users.c; do
		name=$(basename "$file" .c)
		main=module.c
		case $file in
		users.c | *kunit.c | *list-test.c | *test_list_sort.c | *test_sort.c) main=kunit.c ;;
		esac
		# shellcheck disable=SC2086
		gcc $flags $options "tests/code/suite/$main" "$work/objects/$1/$name.o" \
			"$work/libkernel-$1.a" "build/$1/libkmemrig.a" -lfdt -ldl -lm -pthread \
			-o "$work/$name-$1" || return 1
	done
}

echo "compiling the kernel's code" >&2
for variant in release asan; do
	compile $variant 2>"$work/compile.log" || {
		grep -e error -e 'undefined reference' "$work/compile.log" >&2
		exit 2
	}
done
ln -sf libkernel-release.a "$work/libkernel.a"

failed=0
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:allow_user_segv_handler=1}"

wanted() { # NAME
	[ "$chosen" = "  " ] || [ "${chosen#* "$1" }" != "$chosen" ]
}

report() { # CODE NAME TEXT
	if [ "$1" -eq 0 ]; then
		echo "ok - $2${3:+: $3}"
		! $verbose || cat "$work/log"
	else
		echo "not ok - $2"
		tail -n 20 "$work/log"
		failed=$((failed + 1))
	fi
}

# Runs a test and looks for what it says when it passed; a pattern that a failing run can't print.
run() { # LABEL PATTERN PROGRAM [ARGUMENT...]
	label=$1
	pattern=$2
	shift 2
	code=0
	"$@" >"$work/log" 2>&1 || code=$?
	if [ "$code" -eq 0 ] && [ -n "$pattern" ]; then
		grep -q -e "$pattern" "$work/log" || code=99
	elif grep -q WARNING "$work/log"; then # of those that say nothing else
		code=97
	fi
	! grep -q 'failed: [1-9]' "$work/log" || code=98
	report "$code" "$label" "$(grep -e "${pattern:-^$}" "$work/log" | tail -n 1 | cut -c 1-100)"
}

# The test's options: what it answers when all went well (some unload themselves), and sizes.
options() { # NAME
	case $1 in
	test_ida | test-kstrtox) echo expect=-22 ;; # that is what they answer, passed or not
	rbtree_test) echo expect=-11 perf_loops=1000 check_loops=20 ;;
	interval_tree_test) echo expect=-11 perf_loops=10 search_loops=10 nsearches=20 ;;
	percpu_test) echo expect=-11 ;;
	test_vmalloc) echo expect=-11 test_loop_count=100 run_test_mask=959 ;;
	test_rhashtable) echo parm_entries=2000 tcount=3 runs=1 ;;
	test_free_pages) echo ;;
	esac
}

says() { # NAME: the words of success
	case $1 in
	test_xarray) printf '%s\n' 'XArray: \([0-9]*\) of \1 tests passed' ;;
	test_ida) printf '%s\n' 'IDA: \([0-9]*\) of \1 tests passed' ;;
	test_rhashtable) echo '0 failed, rhltable test returns 0' ;;
	rbtree_test) echo 'cached insert+delete' ;;
	interval_tree_test) echo 'interval tree search' ;;
	test_vmalloc) echo 'All test took' ;;
	test_free_pages) echo 'Test completed' ;;
	test_parman) echo 'Priority array check successful' ;;
	test_memcat_p) echo 'test passed' ;;
	test_min_heap) echo 'test passed' ;;
	percpu_test) echo 'percpu test done' ;;
	atomic64_test) echo 'passed' ;;
	test_bitops) echo 'Completed bitops test' ;;
	test_string) echo 'String selftests succeeded' ;;
	*) echo '' ;;
	esac
}

for file in $tests users.c; do
	name=$(basename "$file" .c)
	wanted "$name" || continue
	case $file in
	users.c | *kunit.c | *list-test.c | *test_list_sort.c | *test_sort.c)
		for backend in slub slab slob; do
			run "$name on $backend" '^1\.\.' "$work/$name-release" $backend
		done
		run "$name under AddressSanitizer" '^1\.\.' "$work/$name-asan"
		continue
		;;
	esac
	for backend in slub slab slob; do
		# shellcheck disable=SC2046
		run "$name on $backend" "$(says "$name")" "$work/$name-release" backend=$backend \
			$(options "$name")
	done
	# shellcheck disable=SC2046
	run "$name under AddressSanitizer" "$(says "$name")" "$work/$name-asan" $(options "$name")
done

# What a failing allocation does to each: nothing may leak, be freed twice, or crash, but where the
# code itself is known for it (each says why).
fault() { # NAME [kmemrig fault's arguments]
	wanted "$1" || return 0
	name=$1
	shift
	code=0
	# shellcheck disable=SC2046
	build/release/kmemrig fault -q --once "$@" -- "$work/$name-asan" $(case $name in
	users) ;; *) options "$name" ;; esac) >"$work/log" 2>&1 || code=$?
	report "$code" "$name, each allocation failing in turn" \
		"$(tail -n 1 "$work/log" | cut -c 1-100)"
}

fault users
fault test_list_sort
fault test_sort
fault test_memcat_p
fault test_parman

[ "$failed" -eq 0 ] || {
	echo "code suite: $failed runs failed"
	exit 1
}
echo "code suite: all passed"
