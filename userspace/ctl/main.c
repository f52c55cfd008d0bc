// SPDX-License-Identifier: GPL-2.0-or-later
/* eftfctl: shows and changes links and tunnels of the kernel module eftf. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "eftf_version.h"

const struct eftf_ctl_verb eftf_ctl_verbs[] = {
	{"link", "add", eftf_ctl_link_add, "NAME role ue|gw [mtu N] [ue-to-ue on|off]",
	 "make a virtual link"},
	{"link", "set", eftf_ctl_link_set,
	 "NAME [ue-to-ue on|off] [flight-target MS] [flight-hold S]\n"
	 "      [sip-ports PORT,...|none] [pcscf ADDRESS,...|none]",
	 "change a link"},
	{"link", "del", eftf_ctl_link_del, "NAME", "delete a link and its tunnels"},
	{"link", "show", eftf_ctl_link_show, "[NAME]", "show links"},
	{"tunnel", "show", eftf_ctl_tunnel_show, "[dev NAME] [id N]", "show tunnels"},
	{"tunnel", "add", eftf_ctl_tunnel_add,
	 "dev NAME fd N [inner4 A] [inner6 A[/LEN]] [gateway4 A] [gateway6 A] [id N]\n"
	 "      [keepalive S] [timeout S] [stall S] [persistent on|off] [record-limit N] [negotiated]",
	 "hand an inherited kTLS socket to the kernel"},
	{"tunnel", "set", eftf_ctl_tunnel_set,
	 "dev NAME id N [keepalive S] [timeout S] [stall S] [persistent on|off] [record-limit N]",
	 "change a tunnel"},
	{"tunnel", "swap", eftf_ctl_tunnel_swap, "dev NAME id N fd N",
	 "carry a tunnel on with another kTLS socket"},
	{"tunnel", "del", eftf_ctl_tunnel_del, "dev NAME id N", "end a tunnel"},
	{"stats", NULL, eftf_ctl_stats, "[dev NAME] [id N]", "show counters and waiting times"},
	{"monitor", NULL, eftf_ctl_monitor, "[--count N] [--timeout S]",
	 "print events as they come"},
	{NULL, NULL, NULL, NULL, NULL},
};

int eftf_ctl_error(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("eftfctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int eftf_ctl_fail(const struct eftf_ctl *ctl)
{
	return eftf_ctl_error(EFTF_CTL_FAILED, "%s", ctl->err.text);
}

int eftf_ctl_nl(struct eftf_ctl *ctl)
{
	if (ctl->nl || !eftf_nl_open(&ctl->nl, &ctl->err))
		return EFTF_CTL_OK;
	return eftf_ctl_fail(ctl);
}

int eftf_ctl_rt(struct eftf_ctl *ctl)
{
	if (ctl->rt || !eftf_rt_open(&ctl->rt, &ctl->err))
		return EFTF_CTL_OK;
	return eftf_ctl_fail(ctl);
}

int eftf_ctl_ifindex(struct eftf_ctl *ctl, const char *name, uint32_t *ifindex)
{
	(void)ctl;
	*ifindex = if_nametoindex(name);
	if (*ifindex)
		return EFTF_CTL_OK;
	return eftf_ctl_error(EFTF_CTL_FAILED, "link %s: there is no such link (make it: eftfctl "
			      "link add %s role ue|gw)", name, name);
}

/* ---- output -------------------------------------------------------------- */

static int print_document(json_t *document)
{
	int bad = !document || json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));

	json_decref(document);
	putchar('\n');
	if (bad)
		return eftf_ctl_error(EFTF_CTL_FAILED, "cannot print JSON: out of memory, or the "
				      "output is closed");
	return EFTF_CTL_OK;
}

int eftf_ctl_done(const struct eftf_ctl *ctl, const char *dev, uint32_t id)
{
	json_t *document;

	if (!ctl->json)
		return EFTF_CTL_OK;
	document = json_object();
	json_object_set_new(document, "dev", eftf_out_string(dev));
	if (id)
		json_object_set_new(document, "id", eftf_out_number(id));
	return print_document(document);
}

void eftf_ctl_list_start(struct eftf_ctl_list *list, const struct eftf_ctl *ctl,
			 const struct eftf_out_table *table)
{
	*list = (struct eftf_ctl_list){.ctl = ctl, .table = table};
	if (ctl->json)
		list->array = json_array();
}

void eftf_ctl_list_add(struct eftf_ctl_list *list, const void *obj)
{
	if (list->ctl->json) {
		json_array_append_new(list->array, eftf_out_json(list->table, obj));
	} else {
		if (list->count)
			putchar('\n');
		eftf_out_block(stdout, list->table, obj);
	}
	list->count++;
}

int eftf_ctl_list_end(struct eftf_ctl_list *list, const char *name)
{
	if (!list->ctl->json)
		return EFTF_CTL_OK;
	if (!list->array || json_array_size(list->array) != list->count) {
		json_decref(list->array);
		return eftf_ctl_error(EFTF_CTL_FAILED, "out of memory");
	}
	return print_document(json_pack("{s:o}", name, list->array));
}

/* ---- command line -------------------------------------------------------- */

static void help(FILE *to)
{
	const struct eftf_ctl_verb *v;

	fputs("usage: eftfctl [--json] VERB [arguments]\n"
	      "Shows and changes links and tunnels of the kernel module eftf.\n\n", to);
	for (v = eftf_ctl_verbs; v->group; v++)
		fprintf(to, "  %s%s%s %s\n      %s\n", v->group, v->name ? " " : "",
			v->name ? v->name : "", v->args, v->help);
	fputs("\nOptions, anywhere:\n"
	      "  --json     one JSON document; monitor: one object per line\n"
	      "  --help     this text\n"
	      "  --version  version of the program\n"
	      "\nExit status: 0 done; 1 refused or failed, with one line on stderr; 2 wrong usage.\n",
	      to);
}

static int unknown_verb(const char *group, const char *name)
{
	const struct eftf_ctl_verb *v;
	const char *last = "";
	char list[256] = "";
	FILE *to = fmemopen(list, sizeof(list), "w");
	bool group_known = false;

	for (v = eftf_ctl_verbs; group && v->group; v++)
		group_known |= !strcmp(v->group, group);
	for (v = eftf_ctl_verbs; to && v->group; v++) {
		if (group_known && !strcmp(v->group, group))
			fprintf(to, "%s%s", *last ? ", " : "", v->name);
		else if (!group_known && strcmp(v->group, last))
			fprintf(to, "%s%s", *last ? ", " : "", v->group);
		else
			continue;
		last = v->group;
	}
	if (to)
		fclose(to);
	if (!group_known && !group)
		return eftf_ctl_error(EFTF_CTL_USAGE, "a verb is missing; allowed: %s (see "
				      "eftfctl --help)", list);
	if (!group_known)
		return eftf_ctl_error(EFTF_CTL_USAGE, "unknown verb \"%s\"; allowed: %s", group,
				      list);
	if (!name)
		return eftf_ctl_error(EFTF_CTL_USAGE, "%s: a verb is missing; allowed: %s", group,
				      list);
	return eftf_ctl_error(EFTF_CTL_USAGE, "%s: unknown verb \"%s\"; allowed: %s", group, name,
			      list);
}

static int run(struct eftf_ctl *ctl, int argc, char **argv)
{
	const struct eftf_ctl_verb *v;

	for (v = eftf_ctl_verbs; argc && v->group; v++) {
		if (strcmp(v->group, argv[0]))
			continue;
		if (!v->name)
			return v->run(ctl, argc - 1, argv + 1);
		if (argc > 1 && !strcmp(v->name, argv[1]))
			return v->run(ctl, argc - 2, argv + 2);
	}
	return unknown_verb(argc ? argv[0] : NULL, argc > 1 ? argv[1] : NULL);
}

/* Takes the options out that may stand anywhere. Returns how many words are left. */
static int take_options(int argc, char **argv, bool *json, bool *wants_help, bool *wants_version)
{
	int i, left = 0;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			*json = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			*wants_help = true;
		else if (!strcmp(argv[i], "--version"))
			*wants_version = true;
		else
			argv[1 + left++] = argv[i];
	}
	return left;
}

int main(int argc, char **argv)
{
	bool wants_help = false, wants_version = false;
	struct eftf_ctl ctl = {0};
	int left = take_options(argc, argv, &ctl.json, &wants_help, &wants_version);
	int status = EFTF_CTL_OK;

	if (wants_help)
		help(stdout);
	else if (wants_version)
		puts("eftfctl " EFTF_VERSION);
	else
		status = run(&ctl, left, argv + 1);
	eftf_nl_close(ctl.nl);
	eftf_rt_close(ctl.rt);
	if ((fflush(stdout) || ferror(stdout)) && !status)
		status = eftf_ctl_error(EFTF_CTL_FAILED, "cannot write the output");
	return status;
}
