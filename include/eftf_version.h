/* SPDX-License-Identifier: GPL-2.0-only OR GPL-2.0-or-later */
/*
 * The one place of the version: of the module, the programs, the packages and
 * the source archive. The git tag of a release is "v" and this;
 * userspace/dist/CHANGELOG.md begins with it. Compiles in the kernel and in user space.
 */
#ifndef EFTF_VERSION_H
#define EFTF_VERSION_H

#define EFTF_VERSION "0.1.0"
/* 2026-11-01 UTC in seconds: a clock that is right is not before it. */
#define EFTF_VERSION_TIME 1793491200

#endif
