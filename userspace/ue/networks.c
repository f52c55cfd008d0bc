// SPDX-License-Identifier: GPL-2.0-or-later
#include "networks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define HEADER "eftf-ue networks 1\n"
#define LINE_MAX_OCTETS 128
#define FILE_MAX (sizeof(HEADER) + (size_t)EFTF_NETWORKS_MAX * LINE_MAX_OCTETS)

static const char *const ways[] = { "configured", "environment" };

static struct eftf_network *with_key(struct eftf_networks *nets, const char *key)
{
	for (size_t i = 0; i < nets->n; i++)
		if (!strcmp(nets->item[i].key, key))
			return &nets->item[i];
	return NULL;
}

const struct eftf_network *eftf_networks_find(const struct eftf_networks *nets, const char *key,
					      int64_t now, unsigned int remember)
{
	for (size_t i = 0; i < nets->n; i++) {
		const struct eftf_network *net = &nets->item[i];

		if (!strcmp(net->key, key) && net->at <= now && now - net->at <= remember)
			return net;
	}
	return NULL;
}

void eftf_networks_put(struct eftf_networks *nets, const struct eftf_network *net)
{
	struct eftf_network *place = with_key(nets, net->key);

	if (!place && nets->n < EFTF_NETWORKS_MAX)
		place = &nets->item[nets->n++];
	if (!place) {
		place = &nets->item[0];
		for (size_t i = 1; i < nets->n; i++)
			if (nets->item[i].at < place->at)
				place = &nets->item[i];
	}
	*place = *net;
}

bool eftf_networks_drop(struct eftf_networks *nets, const char *key)
{
	struct eftf_network *net = with_key(nets, key);

	if (net)
		*net = nets->item[--nets->n];
	return net != NULL;
}

/* ---- the file --------------------------------------------------------------- */

static bool take_line(struct eftf_networks *nets, const char *line)
{
	char link[16], where[48], way[16], rest;
	struct eftf_network net = { .at = 0 };

	if (nets->n == EFTF_NETWORKS_MAX || *line <= ' ' ||
	    sscanf(line, "%15s %46s %15s %18" SCNd64 "%c", link, where, way, &net.at, &rest) != 5 ||
	    rest != '\n' || net.at < 0)
		return false;
	net.fallback = !strcmp(way, ways[true]);
	if (!net.fallback && strcmp(way, ways[false]))
		return false;
	snprintf(net.key, sizeof(net.key), "%s %s", link, where);
	eftf_networks_put(nets, &net);
	return true;
}

static bool take_text(struct eftf_networks *nets, const char *text)
{
	if (strncmp(text, HEADER, sizeof(HEADER) - 1))
		return false;
	for (text += sizeof(HEADER) - 1; *text; text++) {
		if (!take_line(nets, text))
			return false;
		text = strchr(text, '\n');
	}
	return true;
}

int eftf_networks_load(struct eftf_networks *nets, const char *path, struct eftf_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[FILE_MAX + 1];
	ssize_t n;

	nets->n = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : eftf_err_set(err, errno, "file %s: %s", path,
							  strerror(errno));
	n = read(fd, text, sizeof(text));
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return eftf_err_set(err, (int)-n, "file %s: %s", path, strerror((int)-n));
	if ((size_t)n < sizeof(text)) {
		text[n] = '\0';
		if (strlen(text) == (size_t)n && take_text(nets, text))
			return 0;
	}
	nets->n = 0;
	return eftf_err_set(err, EBADMSG, "file %s: not of eftf-ue's making", path);
}

int eftf_networks_save(const struct eftf_networks *nets, const char *path, struct eftf_err *err)
{
	char text[FILE_MAX + 1] = HEADER;
	size_t len = sizeof(HEADER) - 1;

	for (size_t i = 0; i < nets->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %" PRId64 "\n",
					nets->item[i].key, ways[nets->item[i].fallback],
					nets->item[i].at);
	eftf_file_make_folder(path);
	return eftf_file_replace(path, 0600, text, len, err);
}
