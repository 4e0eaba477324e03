#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares two results of one op script, object by object.

usage: compare.py SCRIPT KERNEL_RESULT OTHER_RESULT

A result is what `kmemrig run` prints: a line for each
allocation with the address, the slab's first page frame and its order.
Page frames differ from machine to machine, so slabs are matched by their
lives: a slab of one side is tied to the slab of the other side in which its
first object was handed out, until no object of either is live. Two results
agree on an allocation when both failed, or both came from slabs tied to each
other, at the same byte offset, in slabs of the same order.

Prints the figures, the first disagreements, and exits 1 if there are any.
"""
import sys


def parse_result(path):
    """Yields (kind, slot, value) in order; value: None, ('ZERO',) or (offset, pfn, order)."""
    for line in open(path):
        word = line.split()
        if not word or word[0] not in "akzc":
            continue
        kind, slot = word[0], int(word[1])
        if kind == "z":
            yield kind, slot, int(word[2])
        elif kind == "c":
            yield kind, slot, (word[2], word[4])
        elif word[2] == "NULL":
            yield kind, slot, None
        elif word[2] == "ZERO":
            yield kind, slot, ("ZERO",)
        else:
            address, pfn, order = int(word[2], 16), int(word[3], 16), int(word[4])
            yield kind, slot, (address % (4096 << order), pfn, order)


def main():
    script, kernel_path, other_path = sys.argv[1:4]
    kernel, other = parse_result(kernel_path), parse_result(other_path)
    to_other, to_kernel = {}, {}            # tied slabs, by first page frame
    live_kernel, live_other = {}, {}        # live objects of each slab
    slot_slab, same, wrong, shown = {}, 0, 0, 0

    def report(number, text):
        nonlocal wrong, shown
        wrong += 1
        if shown < 10:
            shown += 1
            print(f"line {number}: {text}")

    def drop(slot):
        if slot in slot_slab:
            a, b = slot_slab.pop(slot)
            if a is not None:
                live_kernel[a] -= 1
            if b is not None:
                live_other[b] -= 1

    for number, line in enumerate(open(script), 1):
        word = line.split()
        if not word:
            continue
        if word[0] == "f":
            drop(int(word[1]))
            continue
        if word[0] not in "akc" or (word[0] in "ak" and int(word[1]) in slot_slab):
            continue
        k, o = next(kernel, None), next(other, None)
        if k is None or o is None:
            report(number, f"a result ends early (kernel {k}, other {o})")
            break
        if k[0] != o[0] or k[1] != o[1]:
            report(number, f"out of step: kernel {k}, other {o}")
            break
        if word[0] == "c":
            same, wrong = (same + 1, wrong) if k[2] == o[2] else (same, wrong)
            if k[2] != o[2]:
                report(number, f"cache: kernel {k[2]}, other {o[2]}")
            continue
        slot, a, b = k[1], k[2], o[2]
        if a is None or b is None or len(a) == 1 or len(b) == 1:
            if a == b:
                same += 1
            else:
                report(number, f"slot {slot}: kernel {a}, other {b}")
            continue
        tied_ok = to_other.get(a[1]) == b[1] and to_kernel.get(b[1]) == a[1]
        if not tied_ok and not live_kernel.get(a[1]) and not live_other.get(b[1]):
            to_kernel.pop(to_other.pop(a[1], None), None)
            to_other.pop(to_kernel.pop(b[1], None), None)
            to_other[a[1]], to_kernel[b[1]], tied_ok = b[1], a[1], True
        if tied_ok and a[0] == b[0] and a[2] == b[2]:
            same += 1
        else:
            why = "another slab" if not tied_ok else "offset or order"
            report(number, f"slot {slot}: {why}: kernel offset {a[0]:#x} order {a[2]}, other offset {b[0]:#x} order {b[2]}")
        live_kernel[a[1]] = live_kernel.get(a[1], 0) + 1
        live_other[b[1]] = live_other.get(b[1], 0) + 1
        slot_slab[slot] = (a[1], b[1])
        if word[0] == "k":                   # ksize follows
            kz, oz = next(kernel, None), next(other, None)
            if kz == oz:
                same += 1
            else:
                report(number, f"ksize: kernel {kz}, other {oz}")
    total = same + wrong
    print(f"{same}/{total} agree ({100 * same / max(total, 1):.3f}%)")
    return 1 if wrong or not total else 0


sys.exit(main())
