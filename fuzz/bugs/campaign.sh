#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: campaign.sh [--seed N] [--json FILE] [--control] [SECONDS [NUMBER...]]
#
# Plants each seeded bug (NN-name.patch here) into a copy of the tree, and runs its target on inputs
# of chance for SECONDS (default 60): which are found, after how many inputs and how long, and by
# which check. --control does the same with the tree as it is, in which nothing may be found.
# --json writes a list of the results to FILE, - for the standard output.
#
# A patch begins with: Target: (which fuzz target), Bug: and Source: (what it was, where), Sees:
# (names of checks that count as finding it, as shell patterns), and, when a campaign is not
# expected to find it, Missed: (why).
#
# Exit codes: 0 all that should be found was, and by its checks; 1 not; 2 a patch does not fit, or
# does not build.
set -u
cd "$(dirname "$0")/../.." || exit 2

seed=1
json=
control=0
while [ $# -gt 0 ]; do
	case $1 in
	--seed | --json)
		[ $# -gt 1 ] || {
			echo "campaign.sh: $1: what?" >&2
			exit 2
		}
		[ "$1" = --seed ] && seed=$2 || json=$2
		shift
		;;
	--control) control=1 ;;
	-h | --help)
		sed -n 's/^# \{0,1\}//; 3,18p' "$0"
		exit 0
		;;
	-*)
		echo "campaign.sh: no option '$1'" >&2
		exit 2
		;;
	*) break ;;
	esac
	shift
done
seconds=${1:-60}
[ $# -eq 0 ] || shift
case $seed$seconds in *[!0-9]*)
	echo "campaign.sh: '$seed' and '$seconds' have to be numbers" >&2
	exit 2
	;;
esac

# Numbers as patches have them: 7 is 07.
wanted=
for number in "$@"; do
	case $number in "" | *[!0-9]*)
		echo "campaign.sh: '$number' has to be a bug's number" >&2
		exit 2
		;;
	esac
	number=$(printf %02d "${number#0}")
	ls fuzz/bugs/"$number"-*.patch >/dev/null 2>&1 || {
		echo "campaign.sh: no seeded bug has number $number" >&2
		exit 2
	}
	wanted="$wanted $number"
done

tree=build/bugs
wrong=0
found=0
total=0
records=

field() { # NAME: of the patch's header
	sed -n "1,/^diff /s/^$1: //p" "$patch"
}

refuse() { # MESSAGE
	echo "$1" >&2
	exit 2
}

copy_tree() {
	mkdir -p "$tree"
	for part in SConstruct include backends tracing fuzz replay; do
		rm -rf "${tree:?}/$part"
		cp -r "$part" "$tree/" || exit 2
	done
}

build() { # TARGET
	(cd "$tree" && scons -Q variant=asan "build/asan/fuzz/$1") >"$tree/log" 2>&1 ||
		{
			tail -n 5 "$tree/log" >&2
			refuse "$name: the tree does not build with it"
		}
}

# Runs the target; sets check (what was found, or "nothing"), inputs, ms.
hunt() { # TARGET
	"$tree/build/asan/fuzz/$1" --hunt "$seed" "$seconds" >"$tree/answer" 2>"$tree/log"
	IFS="	" read -r check inputs ms <"$tree/answer" || refuse "$1: no answer from it"
}

# Is the check one of those that the patch names?
is_expected() {
	set -f
	for pattern in $(field Sees); do
		# shellcheck disable=SC2254
		case $check in $pattern)
			set +f
			return 0
			;;
		esac
	done
	set +f
	return 1
}

show() { # NAME TARGET VERDICT
	printf '%-36s %-9s %-9s %8s %8.1f  %s\n' "$1" "$2" "$3" "$inputs" \
		"$(awk "BEGIN { print $ms / 1000 }")" "$check"
	records="$records${records:+,
}  {\"bug\": \"$1\", \"target\": \"$2\", \"verdict\": \"$3\", \"inputs\": $inputs, \"ms\": $ms, \"check\": \"$check\", \"seed\": $seed}"
}

one_bug() {
	target=$(field Target)
	missed=$(field Missed)
	patch -s -d "$tree" -p1 <"$patch" ||
		refuse "$name: the patch does not fit the tree any more"
	build "$target"
	hunt "$target"
	patch -s -R -d "$tree" -p1 <"$patch"
	total=$((total + 1))
	if [ "$check" = nothing ]; then
		verdict=missed
		[ -n "$missed" ] && verdict=expected-miss || wrong=1
	elif is_expected; then
		verdict=found
		found=$((found + 1))
	else
		verdict=otherwise
		wrong=1
	fi
	show "$name" "$target" "$verdict"
}

one_control() {
	total=$((total + 1))
	hunt "$target"
	verdict=clean
	[ "$check" = nothing ] && found=$((found + 1)) || {
		verdict=finding
		wrong=1
	}
	show unpatched "$target" "$verdict"
}

copy_tree
echo "seed $seed, $seconds seconds each"
printf '%-36s %-9s %-9s %8s %8s  %s\n' bug target verdict inputs seconds check
if [ $control -eq 1 ]; then
	name=unpatched
	for target in $(sed -n 's/^Target: //p' fuzz/bugs/[0-9]*.patch | sort -u); do
		build "$target"
		one_control
	done
else
	for patch in fuzz/bugs/[0-9]*.patch; do
		name=$(basename "$patch" .patch)
		[ -z "$wanted" ] || case "$wanted " in *" ${name%%-*} "*) ;; *) continue ;; esac
		one_bug
	done
fi
[ $control -eq 1 ] && echo "$found of $total targets find nothing" || echo "$found of $total found"
case $json in
"") ;;
-) printf '[\n%s\n]\n' "$records" ;;
*) printf '[\n%s\n]\n' "$records" >"$json" ;;
esac
exit $wrong
