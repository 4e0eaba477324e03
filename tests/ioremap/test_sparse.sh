#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sparse finds I/O memory used as plain memory, plain numbers used as gfp flags, and neither in
# the driver of these tests and in the code of I/O memory, vmalloc, mempools, highmem and faults.
# TAP on stdout.

if ! command -v sparse >/dev/null; then
	echo "1..0 # SKIP sparse is not installed"
	exit 0
fi

planted=$(mktemp -d) || exit 1
trap 'rm -rf "$planted"' EXIT
status=0
number=0

# One file at a time: to sparse the same type of two files is two types.
check()
{
	for file; do
		check_file "$file"
	done
}

check_file()
{
	sparse -D_GNU_SOURCE -DRIG_PAGE_SHIFT=12 -std=gnu11 -Wno-decl -Wbitwise -Iinclude \
		-Itests/ioremap "$@" 2>&1 | grep -E 'address space|dereference of noderef|base types|restricted'
}

result()
{
	number=$((number + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $number - $3"
	else
		echo "not ok $number - $3"
		echo "$4" | sed 's/^/# /'
		status=1
	fi
}

found()
{
	[ -n "$1" ] && echo yes || echo no
}

printf '#include <linux/io.h>\nint bad(int __iomem *p);\nint bad(int __iomem *p)\n{\n\treturn *p;\n}\n' \
	>"$planted/deref.c"
printf '#include <linux/io.h>\nint bad(void __iomem *p);\nint bad(void __iomem *p)\n{\n\treturn *(int *)p;\n}\n' \
	>"$planted/cast.c"
printf '#include <linux/slab.h>\nvoid *bad(void);\nvoid *bad(void)\n{\n\treturn kmalloc(1, 5);\n}\n' \
	>"$planted/gfp.c"

echo 1..8
for what in deref cast gfp; do
	said=$(check "$planted/$what.c")
	result "$(found "$said")" yes "a planted mistake is found: $what" "$said"
done
said=$(check tests/ioremap/driver.c)
result "$(found "$said")" no "the driver is clean" "$said"
for folder in ioremap vmalloc mempool highmem; do
	said=$(check backends/$folder/*.c)
	result "$(found "$said")" no "backends/$folder is clean" "$said"
done
exit $status
