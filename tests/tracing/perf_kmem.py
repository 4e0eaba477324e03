# SPDX-License-Identifier: GPL-2.0-only
"""The summary's figures beside those that perf kmem stat prints."""
import re

ROW = re.compile(r"^\s*(0x[0-9a-f]+)\s+\|\s*(\d+)/\d+\s*\|\s*(\d+)/\d+\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|", re.M)


def rows_of(text):
    """By address: bytes allocated, bytes requested, hits, ping-pong."""
    return {int(row[1], 16): tuple(int(row[i]) for i in range(2, 6)) for row in ROW.finditer(text)}


def rows(entries):
    return {int(e["address"], 16): (e["bytes_allocated"], e["bytes_requested"], e["hits"], e["ping_pong"])
            for e in entries}


def table(name, ours, theirs):
    """A row for the table's length and one for what differs."""
    yield f"rows of {name}", len(ours), len(theirs)
    yield (f"each figure of {name}", {hex(k): ours.get(k) for k, v in theirs.items() if ours.get(k) != v},
           {hex(k): v for k, v in theirs.items() if ours.get(k) != v})


def figures(summary, slab, callers, objects, page):
    """(name, ours, perf's) from the summary (perf=true, limit=0) and the texts of perf kmem stat:
    --slab, --slab --caller --raw-ip, --slab --alloc, --page."""
    perf, pages = summary["perf"], summary["pages"]

    def number(label, text):
        return int(re.search(label + r" *: +(\d+)", text)[1])

    for name in ("requested", "allocated", "freed"):
        yield f"bytes {name}", perf[f"bytes_{name}"], number(f"Total bytes {name}", slab)
    yield ("net bytes", perf["bytes_allocated"] - perf["bytes_freed"], number("Net total bytes allocated", slab))
    yield ("bytes wasted", perf["bytes_allocated"] - perf["bytes_requested"],
           number("Total bytes wasted on internal fragmentation", slab))
    yield ("cross CPU allocations", f"{perf['cross_cpu']}/{perf['allocs']}",
           re.search(r"Cross CPU allocations: (\S+)", slab)[1])
    yield from table("call sites", rows(perf["call_sites"]), rows_of(callers))
    # a text with call sites, too, has them by name or as the kernel's code addresses
    yield from table("objects", rows(perf["objects"]),
                     {k: v for k, v in rows_of(objects).items() if k < 0xffffffff80000000})
    for key, label in (("allocs", "allocation requests"), ("frees", "free requests"),
                       ("alloc_freed", r"alloc\+freed requests"), ("alloc_only", "alloc-only requests"),
                       ("free_only", "free-only requests"), ("failures", "allocation failures")):
        yield f"pages: total {label}", pages[key], number("Total " + label, page)
    for key, label in (("alloc", "allocation requests"), ("free", "free requests"),
                       ("free_only", "free-only requests"), ("failed", "allocation failures")):
        yield (f"pages: KB of {label}", pages[f"{key}_bytes"] >> 10,
               int(re.search(f"Total {label} *: +\\d+ +\\[ +(\\d+) KB", page)[1]))
    # perf's columns are migrate types 0, 1, 2, ...: its names of 1 and 2 are swapped
    table_of_orders = [[0 if v == "." else int(v) for v in line.split()[1:]]
                       for line in re.findall(r"^ +\d+(?: +[\d.]+){5}$", page, re.M)]
    yield ("pages by order and migrate type",
           [row[:5] for row in pages["by_order_and_migratetype"][:len(table_of_orders)]], table_of_orders)
