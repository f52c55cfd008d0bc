/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI configuration (libinih) against a table of keys. Every error names
 * file, line, section, key, and what is allowed.
 */
#ifndef EFTF_CONFIG_H
#define EFTF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum eftf_cfg_type {
	EFTF_CFG_STRING,	/* char *, malloc'ed; max = longest length */
	EFTF_CFG_BOOL,		/* bool; yes/no/true/false/on/off/1/0 */
	EFTF_CFG_UINT,		/* unsigned int within min..max */
	EFTF_CFG_CHOICE,	/* int: index into choices[] */
	EFTF_CFG_CUSTOM,	/* parse() does it */
};

struct eftf_cfg_key {
	const char *section;	/* "" for keys before the first section */
	const char *name;
	enum eftf_cfg_type type;
	size_t offset;		/* of the member in the configuration struct */
	unsigned long min, max;	/* UINT: range. STRING: max length */
	const char *const *choices;	/* CHOICE: NULL-terminated */
	/* CUSTOM: value into member; returns 0 or -EINVAL with *allowed set to a
	 * phrase that says what is allowed. Called once for each occurrence.
	 */
	int (*parse)(const char *value, void *member, const char **allowed);
	const char *help;	/* one line, for man page and --help-config */
};

/*
 * Reads a file into the struct at base. keys ends with a NULL name.
 * At most 64 KiB of file, 512 octets a line. Returns 0, -ENOENT, -EINVAL, ...
 */
int eftf_config_file(const char *path, const struct eftf_cfg_key *keys, void *base,
		     struct eftf_err *err);
/* The same from memory; name stands for the file in messages (for tests, fuzzing). */
int eftf_config_text(const char *text, size_t len, const char *name,
		     const struct eftf_cfg_key *keys, void *base, struct eftf_err *err);
/* One "section.name" = value, as from a command line flag. */
int eftf_config_set(const char *section, const char *name, const char *value,
		    const struct eftf_cfg_key *keys, void *base, struct eftf_err *err);
/* Frees the STRING members and sets them to NULL. */
void eftf_config_free(const struct eftf_cfg_key *keys, void *base);

#endif
