#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes small trace.dat files, seeds for the targets tracedat and plugin, from a large one.

usage: small_trace_dat.py TRACE.DAT FOLDER

TRACE.DAT is of version 7, not packed, little-endian. Of its events those of kmem are kept, without
the format of their text; of its pages the first two, each as the page of a CPU. Written are: a file of
version 6, one of 7, one of 7 in packed sections (where zstd is), and 7 without its end.
"""
import os
import re
import struct
import subprocess
import sys

EVENTS = ("kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free", "mm_page_alloc", "mm_page_free",
          "mm_page_free_batched", "mm_page_alloc_zone_locked", "mm_page_pcpu_drain", "rss_stat")
HEADER, OPTIONS, BUFFER, KALLSYMS = 16, 0, 3, 19
PAGE = 4096


def sections(data):
    at = data.index(b"\0", 18) + 1
    at = data.index(b"\0", at) + 1 + 8
    while at + HEADER <= len(data):
        number, _, _, size = struct.unpack("<HHIQ", data[at:at + HEADER])
        yield number, data[at + HEADER:at + HEADER + size], at + HEADER
        at += HEADER + size


def formats(section):
    """The kept ones, as a section of one system."""
    kept = []
    for name in EVENTS:
        found = re.search(rb"name: " + name.encode() + rb"\nID: .*?\nprint fmt: ", section, re.S)
        kept.append(found[0] + b'""\n')
    return (struct.pack("<I", 1) + b"kmem\0" + struct.pack("<I", len(kept)) +
            b"".join(struct.pack("<Q", len(text)) + text for text in kept))


def pages(data, at):
    """Two pages, cut after about 1000 bytes of events, the rest zero: packed they are small."""
    at = (at + PAGE - 1) & ~(PAGE - 1)
    for page in (data[at:at + PAGE], data[at + PAGE:at + 2 * PAGE]):
        end = 16
        while end < 1000:
            head, = struct.unpack("<I", page[end:end + 4])
            length = head & 31
            if length == 0:
                end += 4 + struct.unpack("<I", page[end + 4:end + 8])[0]
            elif length <= 28:
                end += 4 + 4 * length
            else:
                end += 8
        yield page[:8] + struct.pack("<Q", end - 16) + page[16:end] + bytes(PAGE - end)


def packed(data):
    out = subprocess.run(["zstd", "-q", "-c", "--no-check"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return struct.pack("<II", len(out), len(data)) + out


def section(number, contents, pack=False):
    contents = packed(contents) if pack else contents
    return struct.pack("<HHIQ", number, int(pack), 0, len(contents)) + contents


def option(number, contents):
    return struct.pack("<HI", number, len(contents)) + contents


def version_7(parts, cpus, pack):
    out = b"\x17\x08\x44tracing7\0\0\x08" + struct.pack("<I", PAGE) + (b"zstd\0001.5.4\0" if pack else b"none\0\0")
    link = len(out)
    out += bytes(8)
    options = b""
    for number, contents in parts.items():
        options += option(number, struct.pack("<Q", len(out)))
        out += section(number, contents, pack)
    options += option(5, b"Linux host 6.1.0 x86_64\0") + option(8, struct.pack("<I", len(cpus)))
    options += option(4, b"[local] global\0")
    first = len(out)
    next_link = first + HEADER + len(options) + 6
    out += section(OPTIONS, options + option(0, bytes(8)))
    buffer = len(out)
    out += bytes(HEADER)
    table = struct.pack("<Q", buffer) + b"\0local\0" + struct.pack("<II", PAGE, len(cpus))
    for cpu, page in enumerate(cpus):
        out += bytes(-len(out) % PAGE)
        data = struct.pack("<I", 1) + packed(page) if pack else page
        table += struct.pack("<IQQ", cpu, len(out), len(data))
        out += data
    end = len(out)
    out += section(OPTIONS, option(BUFFER, table) + option(0, bytes(8)))
    out = bytearray(out)
    out[link:link + 8] = struct.pack("<Q", first)
    out[next_link:next_link + 8] = struct.pack("<Q", end)
    out[buffer:buffer + HEADER] = struct.pack("<HHIQ", BUFFER, int(pack), 0, end - buffer - HEADER)
    return bytes(out), end


def version_6(parts, cpus):
    out = b"\x17\x08\x44tracing6\0\0\x08" + struct.pack("<I", PAGE)
    out += parts[16] + parts[17] + parts[18]
    out += parts[KALLSYMS] + parts[20] + parts[21]
    out += struct.pack("<I", len(cpus)) + b"options  \0" + struct.pack("<H", 0) + b"flyrecord\0"
    first = (len(out) + 16 * len(cpus) + PAGE - 1) & ~(PAGE - 1)
    for cpu in range(len(cpus)):
        out += struct.pack("<QQ", first + cpu * PAGE, PAGE)
    return out + bytes(first - len(out)) + b"".join(cpus)


def main():
    data = open(sys.argv[1], "rb").read()
    found = {number: contents for number, contents, _ in sections(data)}
    parts = {
        16: found[16],
        17: struct.pack("<I", 0),
        18: formats(found[18]),
        KALLSYMS: struct.pack("<I", 62) + b"ffffffff81000000 T _stext\nffffffff812a0000 t kmem_cache_alloc\n"[:62],
        20: struct.pack("<I", 0),
        21: struct.pack("<Q", 14) + b"1 init\n171 sh\n",
    }
    cpus = list(pages(data, next(at for number, _, at in sections(data) if number == BUFFER)))
    seven, end = version_7(parts, cpus, False)
    files = {"version-6": version_6(parts, cpus), "version-7": seven, "version-7-cut": seven[:end],
             "version-7-packed": version_7(parts, cpus, True)[0]}
    for name, contents in files.items():
        with open(os.path.join(sys.argv[2], name), "wb") as out:
            out.write(contents)


main()
