/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "eftf-gw status", "eftf-gw kick" and "eftf-gw drain": asks the running program, shows text, a table or JSON. */
#include "status.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

static const char usage[] =
	"Usage: eftf-gw status [-s SOCKET] [-j] [-t [-o COLUMN,...] [-S COLUMN] [-f TEXT]]\n"
	"       eftf-gw kick [-s SOCKET] WHO\n"
	"       eftf-gw drain [-s SOCKET] [--over SECONDS]\n"
	"Asks the running gateway for its counters or tunnels, or ends tunnels. Drain: it takes no more UEs,\n"
	"releases its tunnels one after the other, and ends.\n"
	"WHO is an inner address, an outer address with or without port, or an identity.\n"
	"\n"
	"  -s, --socket PATH    where it answers (default " EFTF_GW_STATUS_SOCKET ")\n"
	"  -j, --json           JSON\n"
	"  -t, --tunnels        the tunnels as a table\n"
	"  -o, --output LIST    columns: id, inner, inner6, outer, identity, up, keepalive, in, out, idle\n"
	"  -S, --sort COLUMN    sort by it\n"
	"  -f, --filter TEXT    only those whose inner or outer address or identity has this in it\n"
	"      --over SECONDS   drain: over which tunnels are released (default " TEXT(EFTF_GW_DRAIN_S) ")\n"
	"  -h, --help\n";

struct options {
	const char *socket, *output, *sort, *filter, *over;
	bool json, tunnels;
};

/* ---- columns ---------------------------------------------------------------- */

struct column {
	const char *name, *key, *title;
	bool number;
};

static const struct column columns[] = {
	{ "id", "id", "ID", true },
	{ "inner", "inner", "INNER", false },
	{ "inner6", "inner6", "INNER6", false },
	{ "outer", "outer", "OUTER", false },
	{ "identity", "identity", "IDENTITY", false },
	{ "up", "up_s", "UP", true },
	{ "keepalive", "keepalive_s", "KEEPALIVE", true },
	{ "in", "in_bytes", "IN", true },
	{ "out", "out_bytes", "OUT", true },
	{ "idle", "idle_s", "IDLE", true },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int find_column(const char *name, size_t len)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (strlen(columns[i].name) == len && !strncmp(columns[i].name, name, len))
			return (int)i;
	fprintf(stderr, "eftf-gw: there is no column '%.*s'\n", (int)len, name);
	return -1;
}

/* ---- talk ------------------------------------------------------------------- */

static json_t *complain(const char *what)
{
	fprintf(stderr, "eftf-gw: %s\n", what);
	return NULL;
}

/* The answer, or NULL: what was wrong has been said. */
static json_t *ask(const char *socket_path, const char *command, const char *argument)
{
	char request[EFTF_ASK_LINE], *text;
	json_t *answer, *error;
	struct eftf_err err;

	snprintf(request, sizeof(request), "%s%s%s", command, *argument ? " " : "", argument);
	text = eftf_ask(socket_path, request, "eftf-gw", &err);
	if (!text)
		return complain(err.text);
	answer = json_loads(text, 0, NULL);
	free(text);
	if (!answer)
		return complain("no answer that makes sense");
	error = json_object_get(answer, "error");
	if (error) {
		complain(json_string_value(error));
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* ---- show -------------------------------------------------------------------- */

static void show_counters(const json_t *all)
{
	const char *group, *name;
	json_t *members, *value;
	size_t i;

	json_object_foreach((json_t *)all, group, members) {
		if (json_is_string(members))
			printf("%-28s %s\n", group, json_string_value(members));
		json_object_foreach(members, name, value)
			printf("%-11s %-16s %" JSON_INTEGER_FORMAT "\n", group, name,
			       json_integer_value(value));
	}
	json_array_foreach(json_object_get(all, "pools"), i, members)
		printf("%-28s %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " addresses in use\n",
		       json_string_value(json_object_get(members, "pool")),
		       json_integer_value(json_object_get(members, "owned")),
		       json_integer_value(json_object_get(members, "size")));
}

static bool passes(const json_t *tunnel, const char *filter)
{
	static const char *const keys[] = { "inner", "inner6", "outer", "identity" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strstr(json_string_value(json_object_get(tunnel, keys[i])), filter))
			return true;
	return false;
}

/* What the module knows of the tunnels, if we may ask it. */
static void add_counters(const struct eftf_tunnel_info *info, void *arg)
{
	json_t *tunnel;
	char id[16];

	snprintf(id, sizeof(id), "%u", info->id);
	tunnel = json_object_get(arg, id);
	if (!tunnel)
		return;
	json_object_set_new(tunnel, "in_bytes", json_integer((json_int_t)info->stats[EFTF_STAT_RX_BYTES]));
	json_object_set_new(tunnel, "out_bytes", json_integer((json_int_t)info->stats[EFTF_STAT_TX_BYTES]));
	json_object_set_new(tunnel, "idle_s", json_integer((json_int_t)(info->rx_age / 1000)));
}

/* The tunnels by their id, which the module names them by. */
static json_t *by_id(const json_t *tunnels)
{
	json_t *index = json_object(), *tunnel;
	char id[16];
	size_t i;

	json_array_foreach((json_t *)tunnels, i, tunnel) {
		snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(json_object_get(tunnel, "id")));
		json_object_set(index, id, tunnel);
	}
	return index;
}

struct device {
	const char *name;
	uint32_t ifindex;
};

static void on_link(const struct eftf_link_info *info, void *arg)
{
	((struct device *)arg)->ifindex = info->ifindex;
}

static void ask_module(const json_t *answer, const json_t *tunnels)
{
	json_t *index = by_id(tunnels);
	struct device device = { json_string_value(json_object_get(answer, "device")), 0 };
	struct eftf_nl *nl = NULL;
	struct eftf_rt *rt = NULL;
	struct eftf_err err;

	if (!eftf_rt_open(&rt, &err) && !eftf_nl_open(&nl, &err) &&
	    !eftf_rt_link_get(rt, device.name, on_link, &device, &err) && device.ifindex)
		eftf_nl_tunnel_get(nl, device.ifindex, 0, add_counters, index, &err);
	json_decref(index);
	if (rt)
		eftf_rt_close(rt);
	if (nl)
		eftf_nl_close(nl);
}

static void cell_text(char *text, size_t size, const json_t *value)
{
	if (json_is_integer(value))
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		snprintf(text, size, "%s", json_is_string(value) ? json_string_value(value) : "");
}

static int compare_numbers(struct libscols_cell *a, struct libscols_cell *b, void *arg)
{
	long long x = strtoll(scols_cell_get_data(a) ? scols_cell_get_data(a) : "-1", NULL, 10);
	long long y = strtoll(scols_cell_get_data(b) ? scols_cell_get_data(b) : "-1", NULL, 10);

	(void)arg;
	return x < y ? -1 : x > y;
}

static int compare_text(struct libscols_cell *a, struct libscols_cell *b, void *arg)
{
	const char *x = scols_cell_get_data(a), *y = scols_cell_get_data(b);

	(void)arg;
	return strverscmp(x ? x : "", y ? y : "");
}

/* The columns that are shown; returns the one to sort by, or NULL. -EINVAL in *ret: a wrong name. */
static struct libscols_column *add_columns(struct libscols_table *table, const struct options *o,
					   int *shown, size_t *n, int *ret)
{
	const char *list = o->output ? o->output : "id,inner,outer,identity,up,in,out,idle";
	struct libscols_column *sort = NULL, *c;
	int by = o->sort ? find_column(o->sort, strlen(o->sort)) : -1;

	*ret = o->sort && by < 0 ? -EINVAL : 0;
	for (; *list && *n < N_COLUMNS && !*ret; list += strspn(list, ",")) {
		size_t len = strcspn(list, ",");
		int i = find_column(list, len);

		list += len;
		if (i < 0) {
			*ret = -EINVAL;
			break;
		}
		c = scols_table_new_column(table, columns[i].title, 0, columns[i].number ? SCOLS_FL_RIGHT : 0);
		scols_column_set_cmpfunc(c, columns[i].number ? compare_numbers : compare_text, NULL);
		if (i == by)
			sort = c;
		shown[(*n)++] = i;
	}
	if (!*ret && o->sort && !sort) {
		fprintf(stderr, "eftf-gw: column '%s' is not shown: add it to --output\n", o->sort);
		*ret = -EINVAL;
	}
	return sort;
}

static int show_table(const json_t *tunnels, const struct options *o)
{
	struct libscols_table *table = scols_new_table();
	struct libscols_column *sort;
	int shown[N_COLUMNS], ret;
	size_t n = 0, i;
	json_t *tunnel;
	char text[512];

	sort = add_columns(table, o, shown, &n, &ret);
	json_array_foreach((json_t *)tunnels, i, tunnel) {
		struct libscols_line *line = ret ? NULL : scols_table_new_line(table, NULL);

		for (size_t k = 0; line && k < n; k++) {
			cell_text(text, sizeof(text), json_object_get(tunnel, columns[shown[k]].key));
			scols_line_set_data(line, k, text);
		}
	}
	if (sort)
		scols_sort_table(table, sort);
	if (!ret)
		scols_print_table(table);
	scols_unref_table(table);
	return ret ? 2 : 0;
}

static json_t *filtered(const json_t *all, const char *filter)
{
	json_t *some = json_array(), *tunnel;
	size_t i;

	json_array_foreach((json_t *)all, i, tunnel)
		if (!filter || passes(tunnel, filter))
			json_array_append(some, tunnel);
	return some;
}

static void show_json(const json_t *what)
{
	json_dumpf(what, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int show_tunnels(const struct options *o)
{
	json_t *answer = ask(o->socket, "tunnels", ""), *some;
	int ret = 0;

	if (!answer)
		return 1;
	some = filtered(json_object_get(answer, "tunnels"), o->filter);
	ask_module(answer, some);
	if (o->json) {
		json_object_set(answer, "tunnels", some);
		show_json(answer);
	} else {
		ret = show_table(some, o);
	}
	json_decref(some);
	json_decref(answer);
	return ret;
}

static int show_status(const struct options *o)
{
	json_t *answer = ask(o->socket, "status", "");

	if (!answer)
		return 1;
	if (o->json)
		show_json(answer);
	else
		show_counters(answer);
	json_decref(answer);
	return 0;
}

static int kick(const struct options *o, const char *who)
{
	json_t *answer;
	json_int_t n;

	if (!*who || strlen(who) > EFTF_ASK_LINE - 16 || strchr(who, '\n')) {
		fprintf(stderr, "eftf-gw: kick: that is no address and no identity\n");
		return 2;
	}
	answer = ask(o->socket, "kick", who);
	if (!answer)
		return 1;
	n = json_integer_value(json_object_get(answer, "ended"));
	json_decref(answer);
	printf("%" JSON_INTEGER_FORMAT " ended\n", n);
	return n ? 0 : 1;
}

static int drain(const struct options *o)
{
	json_t *answer = ask(o->socket, "drain", o->over);

	if (!answer)
		return 1;
	printf("%" JSON_INTEGER_FORMAT " tunnels are released\n",
	       json_integer_value(json_object_get(answer, "tunnels")));
	json_decref(answer);
	return 0;
}

/* Returns -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "tunnels", no_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "sort", required_argument, NULL, 'S' },
		{ "filter", required_argument, NULL, 'f' },
		{ "over", required_argument, NULL, 'O' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "s:jto:S:f:h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 't':
			o->tunnels = true;
			break;
		case 'o':
			o->output = optarg;
			break;
		case 'S':
			o->sort = optarg;
			break;
		case 'f':
			o->filter = optarg;
			break;
		case 'O':
			o->over = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	return -1;
}

bool eftf_status_cli_knows(const char *word)
{
	return !strcmp(word, "status") || !strcmp(word, "kick") || !strcmp(word, "drain");
}

int eftf_status_cli(int argc, char **argv)
{
	struct options o = { .socket = EFTF_GW_STATUS_SOCKET, .over = TEXT(EFTF_GW_DRAIN_S) };
	bool kicks = !strcmp(argv[0], "kick");
	int ret = parse(argc, argv, &o);

	if (ret >= 0)
		return ret;
	if (argc - optind != kicks) {
		fputs(usage, stderr);
		return 2;
	}
	if (kicks)
		return kick(&o, argv[optind]);
	if (!strcmp(argv[0], "drain"))
		return drain(&o);
	return o.tunnels ? show_tunnels(&o) : show_status(&o);
}
