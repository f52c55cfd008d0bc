/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates made by the openssl command in a folder of the test's own. */
#ifndef EFTF_TEST_CERTS_H
#define EFTF_TEST_CERTS_H

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the server of most tests, and a time in which they are valid */
#define NAME "eftf.example.org"
#define NOW "200101000000Z", "490101000000Z"

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
	static char path[8][192];
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

/* name.pem, name.key and the like; as certs_path(). */
static inline const char *certs_file(const char *name, const char *ending)
{
	char file[80];

	snprintf(file, sizeof(file), "%s.%s", name, ending);
	return certs_path(file);
}

/* name.pem for the key of name.csr, signed by the CA issuer; dates as YYMMDDHHMMSSZ. */
static inline int certs_sign_as(const char *name, const char *issuer, char *digest, char *section,
				char *from, char *to)
{
	char csr[64], pem[64], ca[64], key[64];

	snprintf(csr, sizeof(csr), "%s.csr", name);
	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(ca, sizeof(ca), "%s.pem", issuer);
	snprintf(key, sizeof(key), "%s.key", issuer);
	return certs_openssl("ca", "-batch", "-config", "ca.cnf", "-cert", ca, "-keyfile", key,
			     "-in", csr, "-out", pem, "-notext", "-md", digest, "-extensions",
			     section, "-startdate", from, "-enddate", to);
}

static inline int certs_sign(const char *name, const char *issuer, char *digest, char *from,
			     char *to)
{
	return certs_sign_as(name, issuer, digest, "entity", from, to);
}

/* name.key and name.csr for a subject with this CN. kind: P-256, another curve, rsa:BITS or ed25519; ext (or NULL): name=value. */
static inline int certs_request_as(const char *name, const char *kind, const char *cn, char *ext)
{
	char key[64], csr[64], subject[64], curve[64];
	bool other = !strncmp(kind, "rsa:", 4) || !strcmp(kind, "ed25519");

	snprintf(key, sizeof(key), "%s.key", name);
	snprintf(csr, sizeof(csr), "%s.csr", name);
	snprintf(subject, sizeof(subject), "/CN=%s", cn);
	snprintf(curve, sizeof(curve), "%s%s", other ? "" : "ec_paramgen_curve:", kind);
	return other ? certs_openssl("req", "-newkey", curve, "-nodes", "-keyout", key, "-out", csr,
				     "-subj", subject, ext ? "-addext" : NULL, ext) :
		certs_openssl("req", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-keyout", key,
			      "-out", csr, "-subj", subject, ext ? "-addext" : NULL, ext);
}

static inline int certs_request(const char *name, const char *kind, char *ext)
{
	return certs_request_as(name, kind, name, ext);
}

/* A CA, signed by issuer, which may be itself. */
static inline int certs_authority(const char *name, const char *issuer, char *from, char *to)
{
	char csr[64], pem[64], key[64];

	if (certs_request(name, "P-256", NULL))
		return -1;
	if (strcmp(name, issuer))
		return certs_sign_as(name, issuer, "sha256", "authority", from, to);
	snprintf(csr, sizeof(csr), "%s.csr", name);
	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	return certs_openssl("ca", "-batch", "-config", "ca.cnf", "-selfsign", "-keyfile", key,
			     "-in", csr, "-out", pem, "-notext", "-extensions", "authority",
			     "-startdate", from, "-enddate", to);
}

/* name.pem and name.key, signed by the CA "ca". */
static inline int certs_make_key(const char *name, const char *san, const char *kind, char *from,
				 char *to)
{
	char ext[192];

	snprintf(ext, sizeof(ext), "subjectAltName=%s", san);
	return certs_request(name, kind, ext) ? -1 : certs_sign(name, "ca", "sha256", from, to);
}

static inline int certs_make(const char *name, const char *san, char *from, char *to)
{
	return certs_make_key(name, san, "P-256", from, to);
}

static inline int certs_revoke(const char *name, const char *issuer)
{
	char pem[64], ca[64], key[64];

	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(ca, sizeof(ca), "%s.pem", issuer);
	snprintf(key, sizeof(key), "%s.key", issuer);
	return certs_openssl("ca", "-config", "ca.cnf", "-cert", ca, "-keyfile", key, "-revoke",
			     pem);
}

/* A list of what was revoked until now, valid for so many seconds. */
static inline int certs_crl(char *file, const char *issuer, char *seconds)
{
	char ca[64], key[64];

	snprintf(ca, sizeof(ca), "%s.pem", issuer);
	snprintf(key, sizeof(key), "%s.key", issuer);
	return certs_openssl("ca", "-config", "ca.cnf", "-cert", ca, "-keyfile", key, "-gencrl",
			     "-crlsec", seconds, "-out", file);
}

/* Makes the folder and the CA in it. Returns 0. */
static inline int certs_setup(void)
{
	static const char config[] =
		"[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\n"
		"rand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
		"copy_extensions=copy\ndefault_crl_days=30\n[p]\ncommonName=supplied\n"
		"[entity]\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n"
		"[server]\nextendedKeyUsage=serverAuth\n[client]\nextendedKeyUsage=clientAuth\n"
		"[encipher]\nkeyUsage=critical,keyEncipherment\n"
		"[authority]\nbasicConstraints=critical,CA:true\n"
		"keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
		"authorityKeyIdentifier=keyid\n";

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

/* The same, as the teardown of a group of tests. */
static inline int certs_teardown(void **state)
{
	(void)state;
	certs_remove();
	return 0;
}

#endif
