/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI configuration (libinih) against a table of keys. The table is the only
 * place that knows a key: it gives the parser, the range, the default, the
 * file of --help-config and, by that, the man page. Every error names file,
 * line, section, key, and what is allowed.
 */
#ifndef EFTF_CONFIG_H
#define EFTF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

enum eftf_config_type {
	EFTF_CONFIG_STRING,	/* char *, malloc'ed, not empty; NULL: not set; max = longest length */
	EFTF_CONFIG_BOOL,	/* bool; yes/no/true/false/on/off/1/0 */
	EFTF_CONFIG_UINT,	/* unsigned int within min..max */
	EFTF_CONFIG_CHOICE,	/* int: index into choices[] */
	EFTF_CONFIG_VALUE,	/* as value says */
	EFTF_CONFIG_ALIAS,	/* an older name of the key to in to_section */
};

/* A kind of value that is none of the simple ones. */
struct eftf_config_value {
	const char *allowed;	/* phrase: "an IPv4 address" */
	bool list;		/* the key may be repeated: each time parse() adds to the member */
	/* Text into member. Returns 0; -EINVAL: not allowed; -ENOMEM. */
	int (*parse)(const char *text, void *member);
};

/*
 * A key. Exactly one of preset, without and needed is set, but for an ALIAS. Keys of one section
 * stand together.
 */
struct eftf_config_key {
	const char *section, *name;
	enum eftf_config_type type;
	size_t offset;			/* of the member in the configuration struct */
	unsigned long min, max;		/* UINT: range. STRING: max length */
	const char *zero;		/* UINT: 0 is allowed, too, and means this; or NULL */
	const char *const *choices;	/* CHOICE: NULL-terminated */
	const struct eftf_config_value *value;	/* VALUE; STRING: checks it, member is NULL; or NULL */
	const char *to_section, *to;	/* ALIAS */
	const char *preset;		/* the default, as it would be written */
	const char *without;		/* no default; what holds without the key, in words */
	const char *needed;		/* there is no going without it; an example */
	const char *example;		/* with without: a value to show */
	size_t size;			/* of the member: VALUE, for eftf_config_same() */
	bool apart;			/* eftf_config_same() passes it over */
	bool shown;			/* the example is a live line in the file of --help-config */
	const char *help;		/* one sentence without its full stop */
};

/*
 * Reads a file into the struct at base, which the caller has set to 0: what the
 * file says, then the defaults of the rest. keys ends with a NULL name. At most
 * 64 KiB of file, 512 octets a line. Returns 0; -ENOENT; -EINVAL, also if a
 * needed key is missing; ... Free with eftf_config_free() in either case.
 */
int eftf_config_file(const char *path, const struct eftf_config_key *keys, void *base,
		     struct eftf_err *err);
/* The same from memory; name stands for the file in messages (for tests, fuzzing). */
int eftf_config_text(const char *text, size_t len, const char *name,
		     const struct eftf_config_key *keys, void *base, struct eftf_err *err);
/* One "section.name" = value, as from a command line flag; lists are added to. */
int eftf_config_set(const char *section, const char *name, const char *value,
		    const struct eftf_config_key *keys, void *base, struct eftf_err *err);
/*
 * Do two configurations say the same, but for the keys that are apart? False if that
 * is not certain.
 */
bool eftf_config_same(const struct eftf_config_key *keys, const void *a, const void *b);
/* Frees the STRING members and sets them to NULL. */
void eftf_config_free(const struct eftf_config_key *keys, void *base);
/*
 * Writes a configuration with all keys, their meaning, and their defaults or
 * an example: a file that the program accepts as it stands. title: its first line.
 */
void eftf_config_help(FILE *out, const char *title, const struct eftf_config_key *keys);

#endif
