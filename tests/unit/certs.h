/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates made by the openssl command in a folder of the test's own. */
#ifndef EFTF_TEST_CERTS_H
#define EFTF_TEST_CERTS_H

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char certs_dir[64];

/* Runs a program quietly in certs_dir. Returns its exit status. */
static inline int certs_run(char *const argv[])
{
	posix_spawn_file_actions_t fa;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addchdir_np(&fa, certs_dir);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 2, "openssl.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (!posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ))
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&fa);
	return status;
}

#define certs_openssl(...) certs_run((char *[]){ "openssl", __VA_ARGS__, NULL })

/* The path of a file in the folder; a few can be in use at a time. */
static inline const char *certs_path(const char *name)
{
	static char path[8][128];
	static unsigned int n;
	char *p = path[n++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", certs_dir, name);
	return p;
}

static inline int certs_write(const char *name, const char *text)
{
	FILE *f = fopen(certs_path(name), "w");

	if (!f)
		return -1;
	fputs(text, f);
	return fclose(f);
}

static inline int certs_make_ca(char *name)
{
	char key[64], pem[64], subject[64];

	snprintf(key, sizeof(key), "%s.key", name);
	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(subject, sizeof(subject), "/CN=%s", name);
	return certs_openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
			     "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", pem,
			     "-subj", subject, "-days", "30", "-addext",
			     "keyUsage=keyCertSign,cRLSign");
}

/* name.pem and name.key, signed by the CA "ca"; dates as YYMMDDHHMMSSZ. */
static inline int certs_make(char *name, const char *san, char *from, char *to)
{
	char key[64], csr[64], pem[64], ext[192], subject[64];
	int ret;

	snprintf(key, sizeof(key), "%s.key", name);
	snprintf(csr, sizeof(csr), "%s.csr", name);
	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(subject, sizeof(subject), "/CN=%s", name);
	snprintf(ext, sizeof(ext), "subjectAltName=%s", san);
	ret = certs_openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
			    "-nodes", "-keyout", key, "-out", csr, "-subj", subject, "-addext",
			    ext);
	if (ret)
		return ret;
	return certs_openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile",
			     "ca.key", "-in", csr, "-out", pem, "-notext", "-startdate", from,
			     "-enddate", to);
}

/* Makes the folder and the CA in it. Returns 0. */
static inline int certs_setup(void)
{
	static const char config[] =
		"[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\n"
		"rand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
		"copy_extensions=copy\n[p]\ncommonName=supplied\n";

	strcpy(certs_dir, "/tmp/eftf-certs-XXXXXX");
	if (!mkdtemp(certs_dir) || certs_write("ca.cnf", config) || certs_write("index.txt", ""))
		return -1;
	return certs_make_ca("ca");
}

static inline void certs_remove(void)
{
	char *argv[] = { "rm", "-rf", certs_dir, NULL };

	certs_run(argv);
}

#endif
