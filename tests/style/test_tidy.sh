#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
exec python3 tests/style/tidy.py
