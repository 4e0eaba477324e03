/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers: the host's, which Linux shares with its programs, and those that never leave the
 * kernel. The C library's own headers include this name, so it stays with numbers alone.
 */
#ifndef _LINUX_ERRNO_H_RIG
#define _LINUX_ERRNO_H_RIG

#include_next <linux/errno.h>

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ERESTART_RESTARTBLOCK 516
#define EPROBE_DEFER 517 /* a driver's probe: something it needs is not there yet */
#define EOPENSTALE 518
#define ENOPARAM 519
#define EBADHANDLE 521
#define ENOTSYNC 522
#define EBADCOOKIE 523
#define ENOTSUPP 524
#define ETOOSMALL 525
#define ESERVERFAULT 526
#define EBADTYPE 527
#define EJUKEBOX 528
#define EIOCBQUEUED 529

#endif
