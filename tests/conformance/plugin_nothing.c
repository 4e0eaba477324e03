// SPDX-License-Identifier: GPL-2.0-only
/* A shared object that is no backend at all. It must be refused. */
extern const int nothing_here;
const int nothing_here = 1;
