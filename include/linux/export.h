/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols for modules: all that a program links is visible, so these only look at the name. */
#ifndef _LINUX_EXPORT_H_RIG
#define _LINUX_EXPORT_H_RIG

struct module;
#define THIS_MODULE ((struct module *)0)

#define EXPORT_SYMBOL(symbol) _Static_assert(sizeof(#symbol) > 1, "a symbol")
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS(symbol, namespace) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, namespace) EXPORT_SYMBOL(symbol)

#endif
