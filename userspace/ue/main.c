// SPDX-License-Identifier: GPL-2.0-or-later
/* eftf-ue: the UE's side of the firewall traversal tunnel (TS 24.322). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "log.h"
#include "sandbox.h"
#include "tls.h"
#include "ue.h"
#include "verdict.h"
#include "eftf_version.h"

static const char help[] =
"usage: eftf-ue [options]\n"
"       eftf-ue status [--help]\n"
"Finds out whether a firewall blocks IMS, and if so brings up a tunnel to the EFTF.\n"
"\n"
"  -c, --config FILE   configuration (" EFTF_UE_CONF_FILE ")\n"
"  -m, --mode MODE     auto, always or off; overrides [detect] mode\n"
"  -d, --detect        only probe and print the verdict\n"
"  -j, --json          with --detect: as JSON\n"
"  -1, --once          do not reconnect when the tunnel ends or cannot be had\n"
"  -t, --test-config   check the configuration and the files that it names\n"
"  -v, --verbose       log everything\n"
#ifdef EFTF_KEYLOG
"      --keylog FILE   for tests: add the secrets of each connection to FILE, for\n"
"                      Wireshark: who can read it can read what is in the tunnel\n"
#endif
"      --help-config   print a configuration with all keys and their meaning\n"
"  -V, --version\n"
"  -h, --help\n"
"\n"
"Exit status: 0 stopped, or with --detect: open; 1 error; 2 wrong usage or\n"
"configuration; with --once 3: the EFTF's certificate or name is wrong;\n"
"with --detect 10 firewall, 11 no network, 12 a captive portal.\n"
"SIGHUP reads the configuration again; SIGUSR1 opens a new outer\n"
"connection now and moves the tunnel to it, without a break; SIGTERM ends.\n";

enum { OPT_HELP_CONFIG = 256, OPT_KEYLOG };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "mode", required_argument, NULL, 'm' },
	{ "detect", no_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "once", no_argument, NULL, '1' },
	{ "test-config", no_argument, NULL, 't' },
	{ "test", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help-config", no_argument, NULL, OPT_HELP_CONFIG },
	{ "keylog", required_argument, NULL, OPT_KEYLOG },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct command {
	bool detect, json, test;
	int done;	/* exit status + 1: nothing else to do */
};

static int say(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? EFTF_EXIT_ERROR : EFTF_EXIT_OK;
}

/* Returns an exit status + 1 as command.done, or 0. */
static int keep_secrets(const char *path)
{
#ifdef EFTF_KEYLOG
	struct eftf_err err;

	if (!eftf_tls_keylog(path, &err))
		return 0;
	fprintf(stderr, "eftf-ue: --keylog: %s\n", err.text);
#else
	fprintf(stderr, "eftf-ue: --keylog %s: only builds for tests keep the secrets of their connections (make KEYLOG=yes)\n",
		path);
#endif
	return 1 + EFTF_EXIT_USAGE;
}

static void set_option(int c, struct eftf_options *o, struct command *cmd)
{
	switch (c) {
	case 'c':
		o->conf = optarg;
		break;
	case 'm':
		o->mode = optarg;
		break;
	case 'd':
		cmd->detect = true;
		break;
	case 'j':
		cmd->json = true;
		break;
	case '1':
		o->once = true;
		break;
	case 't':
		cmd->test = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case OPT_HELP_CONFIG:
		eftf_ue_conf_help(stdout);
		cmd->done = 1 + say("");
		break;
	case OPT_KEYLOG:
		cmd->done = keep_secrets(optarg);
		break;
	case 'V':
		cmd->done = 1 + say("eftf-ue " EFTF_VERSION "\n");
		break;
	case 'h':
		cmd->done = 1 + say(help);
		break;
	default:
		fputs("eftf-ue: see --help\n", stderr);
		cmd->done = 1 + EFTF_EXIT_USAGE;
	}
}

static void parse_options(int argc, char **argv, struct eftf_options *o, struct command *cmd)
{
	int c;

	o->conf = EFTF_UE_CONF_FILE;
	while (!cmd->done && (c = getopt_long(argc, argv, "c:m:dj1tvVh", long_options, NULL)) != -1)
		set_option(c, o, cmd);
	if (cmd->done)
		return;
	if (optind < argc) {
		fprintf(stderr, "eftf-ue: what is '%s'? See --help\n", argv[optind]);
		cmd->done = 1 + EFTF_EXIT_USAGE;
	} else if (cmd->json && !cmd->detect) {
		fputs("eftf-ue: --json goes with --detect\n", stderr);
		cmd->done = 1 + EFTF_EXIT_USAGE;
	}
}

static enum eftf_exit detect(struct eftf_ue *ue, bool json)
{
	int step;
	char *text;

	if (ue->conf.mode != EFTF_MODE_AUTO) {
		log_error("--detect needs mode auto: add --mode auto");
		return EFTF_EXIT_USAGE;
	}
	step = eftf_judge(ue);
	if (step < 0)
		return EFTF_EXIT_ERROR;
	text = json ? eftf_verdict_json(&ue->detect) : eftf_verdict_text(&ue->detect);
	if (!text || puts(text) < 0 || fflush(stdout)) {
		free(text);
		return EFTF_EXIT_ERROR;
	}
	free(text);
	switch (ue->detect.verdict) {
	case EFTF_VERDICT_OPEN:
		return EFTF_EXIT_OK;
	case EFTF_VERDICT_FIREWALL:
		return EFTF_EXIT_FIREWALL;
	case EFTF_VERDICT_NO_NETWORK:
		return EFTF_EXIT_NO_NETWORK;
	case EFTF_VERDICT_PORTAL:
		return EFTF_EXIT_PORTAL;
	default:
		return EFTF_EXIT_ERROR;
	}
}

static enum eftf_exit work(struct eftf_ue *ue, const struct command *cmd)
{
	struct eftf_err err;
	int ret;

	if (eftf_sandbox_no_dumps(&err) || eftf_signals_open(&ue->sig, &err) || eftf_changes_open(&ue->changes, &err) ||
	    eftf_connect_init(&err)) {
		log_error("%s", err.text);
		return EFTF_EXIT_ERROR;
	}
	if (cmd->detect)
		return detect(ue, cmd->json);
	if (eftf_tls_init(&err)) {
		log_error("%s", err.text);
		return EFTF_EXIT_ERROR;
	}
	ret = cmd->test ? eftf_prepare(&ue->conf, ue->options.conf, NULL, &ue->tls, NULL, &err) :
		eftf_prepare_at_start(ue, &err);
	if (ret == -EINTR)
		return EFTF_EXIT_OK;
	if (ret) {
		log_error("%s", err.text);
		return EFTF_EXIT_USAGE;
	}
	if (cmd->test)
		return say("configuration is good\n");
	if (eftf_claim_device(ue->conf.device, &ue->instance, &err)) {
		log_error("%s", err.text);
		return EFTF_EXIT_ERROR;
	}
	eftf_device_sweep(ue->conf.device, ue->instance.alone);
	if (ue->conf.mode == EFTF_MODE_OFF)
		return eftf_run(ue);
	ret = eftf_tunnel_prepare(&ue->tunnel, &err);
	/* a module can be loaded later, a privilege cannot come */
	if (ret && (ret == -EPERM || ue->options.once)) {
		log_error("%s", err.text);
		return EFTF_EXIT_ERROR;
	}
	return eftf_run(ue);
}

int main(int argc, char **argv)
{
	static struct eftf_ue ue = {
		.changes = { .clock_fd = -1 }, .renewal = { .fd = -1 }, .renewal6 = { .fd = -1 },
		.hooks = { .pidfd = -1, .output = -1 }, .status = { .listener = -1 },
	};
	struct command cmd = { 0 };
	struct eftf_err err;
	enum eftf_exit code;

	if (argc > 1 && !strcmp(argv[1], "status"))
		return eftf_status_cli(argc - 1, argv + 1);
	ue.instance.fd = -1;
	parse_options(argc, argv, &ue.options, &cmd);
	if (cmd.done)
		return cmd.done - 1;
	eftf_log_open("eftf-ue", ue.options.verbose ? EFTF_LOG_DEBUG : EFTF_LOG_INFO, false);
	if (eftf_ue_conf_load(&ue.conf, ue.options.conf, ue.options.mode, &err)) {
		log_error("%s", err.text);
		eftf_ue_conf_free(&ue.conf);
		return EFTF_EXIT_USAGE;
	}
	/* --detect prints the verdict on stdout; of the log only warnings are of interest then */
	if (cmd.detect && !ue.options.verbose)
		ue.conf.log_level = EFTF_LOG_WARN;
	eftf_log_open("eftf-ue", ue.options.verbose ? EFTF_LOG_DEBUG :
		      (enum eftf_log_level)ue.conf.log_level, ue.conf.syslog && !cmd.detect);
	code = work(&ue, &cmd);
	eftf_instance_release(&ue.instance);
	eftf_module_close(&ue.tunnel.module);
	eftf_changes_close(&ue.changes);
	eftf_tls_ctx_free(ue.tls);
	eftf_ue_conf_free(&ue.conf);
	explicit_bzero(&ue.dhcp, sizeof(ue.dhcp));
	return (int)code;
}
