#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The seeded bugs (TAP): each patch fits the tree, compiles, and says what the campaign reads. And
# what a campaign runs with each of them, with the bug that every build has.
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0

ok() { # STATUS NAME: 0 is a pass
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/log" | tail -n 20
		failed=1
	fi
}

flags="-std=gnu11 -Wall -Wextra -Wshadow -Wno-unused-parameter -Werror -D_GNU_SOURCE -mcx16
	-DRIG_PAGE_SHIFT=12 -fsyntax-only"

# Sources that a patch touches; of a header those of its folder.
sources_of() { # PATCH
	sed -n 's/^+++ b\///p' "$1" | while read -r file; do
		case $file in
		include/*) echo backends/mempool/mempool.c ;;
		*.h) ls "$(dirname "$file")"/*.c ;;
		*) echo "$file" ;;
		esac
	done | sort -u
}

compiles() { # TREE PATCH
	for source in $(sources_of "$2"); do
		# shellcheck disable=SC2086
		(cd "$1" && ${CC:-gcc} $flags -Iinclude "$source") || return 1
	done
}

# before anything is copied or built
for wrong in 99 x 7x -3; do
	timeout 20 sh fuzz/bugs/campaign.sh 1 "$wrong" >"$work/log" 2>&1
	[ $? -eq 2 ] && grep -q -- "$wrong" "$work/log" && [ "$(wc -l <"$work/log")" -eq 1 ]
	ok $? "a campaign of bug '$wrong' is refused"
done

cp -r include backends "$work/"
for patch in fuzz/bugs/[0-9]*.patch; do
	name=$(basename "$patch" .patch)
	patch --fuzz=0 -s -d "$work" -p1 <"$patch" >"$work/log" 2>&1 &&
		compiles "$work" "$patch" >>"$work/log" 2>&1 &&
		patch -s -R -d "$work" -p1 <"$patch" >>"$work/log" 2>&1
	ok $? "$name fits and compiles"
	good=0
	for field in Target Bug Source Sees; do
		grep -q "^$field: ." "$patch" || good=1
	done
	[ -f "fuzz/target_$(sed -n 's/^Target: //p' "$patch").c" ] || good=1
	echo "a field of its head is missing, or there is no such target" >"$work/log"
	ok $good "$name says its target, what it was, where, and which checks see it"
done

ls fuzz/bugs/[0-9]*.patch | sed 's/.*bugs\///; s/-.*//' | uniq -d >"$work/log"
[ ! -s "$work/log" ]
ok $? "no number is there twice"

sh fuzz/bugs/campaign.sh --seed x 1 >"$work/log" 2>&1
[ $? -eq 2 ]
ok $? "campaign: a seed that is no number is bad usage"

# --hunt with the canary, which is built in: what a campaign does with each bug
if [ -x build/asan/fuzz/page ]; then
	KMEMRIG_CANARY=1 build/asan/fuzz/page --hunt 1 20 >"$work/answer" 2>"$work/log"
	[ $? -eq 1 ] && grep -q "^checked.frames_free	[0-9]*	[0-9]*$" "$work/answer"
	ok $? "--hunt names what it finds, after how many inputs and how long"
	build/asan/fuzz/page --hunt 1 1 >"$work/answer" 2>"$work/log" &&
		grep -q "^nothing	[0-9]*	[0-9]*$" "$work/answer"
	ok $? "--hunt finds nothing without it"
	KMEMRIG_CANARY=1 build/asan/fuzz/page --hunt 1 20 2>/dev/null | cut -f 1,2 >"$work/first"
	KMEMRIG_CANARY=1 build/asan/fuzz/page --hunt 1 20 2>/dev/null | cut -f 1,2 >"$work/second"
	cmp "$work/first" "$work/second" >"$work/log" 2>&1
	ok $? "--hunt finds the same at the same input again"
fi

echo "1..$number"
exit $failed
