/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eftfctl: what its verbs share. */
#ifndef EFTF_CTL_H
#define EFTF_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "nl.h"
#include "output.h"

/* Exit statuses. */
enum eftf_ctl_exit {
	EFTF_CTL_OK = 0,
	EFTF_CTL_FAILED = 1,	/* the kernel refused, or something is not there */
	EFTF_CTL_USAGE = 2,	/* the command line is wrong */
};

struct eftf_ctl {
	bool json;
	struct eftf_nl *nl;	/* opened by eftf_ctl_nl() */
	struct eftf_rt *rt;	/* opened by eftf_ctl_rt() */
	struct eftf_err err;
};

/*
 * argv: the words after the verb. Returns an exit status after the error line
 * was printed.
 */
typedef int (*eftf_ctl_fn)(struct eftf_ctl *ctl, int argc, char **argv);

struct eftf_ctl_verb {
	const char *group, *name;	/* name NULL: the group has no verbs */
	eftf_ctl_fn run;
	const char *args, *help;
};
extern const struct eftf_ctl_verb eftf_ctl_verbs[];	/* ends with group NULL */

int eftf_ctl_link_add(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_link_set(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_link_del(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_link_show(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_tunnel_show(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_tunnel_add(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_tunnel_set(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_tunnel_swap(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_tunnel_del(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_stats(struct eftf_ctl *ctl, int argc, char **argv);
int eftf_ctl_monitor(struct eftf_ctl *ctl, int argc, char **argv);

/* tunnel.c: shows the tunnels that argv chooses ([dev NAME] [id N]) by a table. */
int eftf_ctl_show(struct eftf_ctl *ctl, const char *what, const struct eftf_out_table *table,
		  int argc, char **argv);

/* ---- main.c: what every verb needs --------------------------------------- */

/* Prints "eftfctl: " and the line. Returns status. */
int eftf_ctl_error(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints ctl->err; EFTF_CTL_FAILED. */
int eftf_ctl_fail(const struct eftf_ctl *ctl);
/* Open the sockets on first use; EFTF_CTL_OK or EFTF_CTL_FAILED. */
int eftf_ctl_nl(struct eftf_ctl *ctl);
int eftf_ctl_rt(struct eftf_ctl *ctl);
/* Number of a link that exists: EFTF_CTL_OK or EFTF_CTL_FAILED. */
int eftf_ctl_ifindex(struct eftf_ctl *ctl, const char *name, uint32_t *ifindex);
/* Prints one document for a change that says nothing to people: {"dev": ..., "id": ...}. */
int eftf_ctl_done(const struct eftf_ctl *ctl, const char *dev, uint32_t id);

/* ---- a list of things, printed as blocks of text or as one JSON array ----- */

struct eftf_ctl_list {
	const struct eftf_ctl *ctl;
	const struct eftf_out_table *table;
	json_t *array;		/* only for JSON */
	unsigned int count;
};
void eftf_ctl_list_start(struct eftf_ctl_list *list, const struct eftf_ctl *ctl,
			 const struct eftf_out_table *table);
void eftf_ctl_list_add(struct eftf_ctl_list *list, const void *obj);
/* name: of the array in the document. Returns an exit status. */
int eftf_ctl_list_end(struct eftf_ctl_list *list, const char *name);

#endif
