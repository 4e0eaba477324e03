#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Cuts a perf.data: SAMPLES samples after the first SKIP, and all other records up to the last.

usage: cut_perf.py PERF.DATA SKIP SAMPLES OUTPUT

The file stays what perf wrote, but for its end: header, attributes and the features (event formats,
build ids, machine, command line, ...) are copied, the offsets of the features and the times of
the first and last sample are set anew. Records stay in their order, so that rounds and their late
events do. Only for files whose samples begin with identifier, ip, pid, tid and time, as
perf record of tracepoints makes them, in this machine's byte order.
"""
import struct
import sys

HEADER = struct.Struct("<8sQQ2Q2Q2Q4Q")  # magic, size, attr size, attrs, data, event types, features
RECORD = struct.Struct("<IHH")
SECTION = struct.Struct("<QQ")
SAMPLE, SAMPLE_TIME = 9, 21

source, skip, samples, output = open(sys.argv[1], "rb").read(), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
header = list(HEADER.unpack_from(source))
assert header[0] == b"PERFILE2", "not a perf.data of this byte order"
start, size = header[5], header[6]
features = [bit for bit in range(256) if header[9 + bit // 64] >> bit % 64 & 1]

at, seen, records, times = start, 0, [], []
while seen < skip + samples and at < start + size:
    kind, _, length = RECORD.unpack_from(source, at)
    seen += kind == SAMPLE
    if kind != SAMPLE or seen > skip:
        records.append(source[at:at + length])
    if kind == SAMPLE and seen > skip:
        times.append(struct.unpack_from("<Q", source, at + 32)[0])
    at += length

records = b"".join(records)
header[6] = len(records)
place = start + len(records) + SECTION.size * len(features)
table, bodies = b"", b""
for i, feature in enumerate(features):
    at, length = SECTION.unpack_from(source, start + size + SECTION.size * i)
    body = source[at:at + length]
    if feature == SAMPLE_TIME:
        body = struct.pack("<QQ", min(times), max(times))
    table += SECTION.pack(place + len(bodies), length)
    bodies += body
with open(output, "wb") as file:
    file.write(HEADER.pack(*header) + source[HEADER.size:start] + records + table + bodies)
