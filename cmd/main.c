#include "cmd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* In the order of an incident. */
static const struct firn_cmd *const commands[] = {
	&firn_cmd_list,    &firn_cmd_freeze,   &firn_cmd_thaw,
	&firn_cmd_isolate, &firn_cmd_release,  &firn_cmd_capture,
	&firn_cmd_secrets, &firn_cmd_exposure, &firn_cmd_respond,
	&firn_cmd_cases,   &firn_cmd_alert,    &firn_cmd_listen,
	&firn_cmd_approve, &firn_cmd_playbook, &firn_cmd_verify,
	&firn_cmd_policy,  &firn_cmd_keygen,   &firn_cmd_doctor,
	&firn_cmd_drill,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
show_help(FILE *out)
{
	fputs("firn -- freeze a suspect container, keep the evidence, cut its "
	      "network\n\n"
	      "Usage: firn COMMAND [OPTION]... [OPERAND]...\n\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nTARGET is a name, an id or a unique prefix of it, "
	      "docker://ID, containerd://ID,\ncri-o://ID, podman://ID, id:ID, "
	      "pod:NAMESPACE/POD[/CONTAINER], pid:N or cgroup:PATH.\n\n"
	      "firn COMMAND --help says more, and shows examples.  firn(1) has "
	      "it all.\n",
	      out);
}

static const struct firn_cmd *
find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* "firn-freeze" is "firn freeze". */
static const struct firn_cmd *
by_link(const char *argv0)
{
	const char *base = strrchr(argv0, '/');

	base = base != NULL ? base + 1 : argv0;
	return strncmp(base, "firn-", 5) == 0 ? find(base + 5) : NULL;
}

/* The end of main() for what is only printed. */
static int
printed(void)
{
	return fflush(stdout) == 0 ? FIRN_EXIT_OK : FIRN_EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	const struct firn_cmd *cmd;

	/* A reader that goes away is an error to report, not a signal to die
	 * of; and our memory, which holds secrets, is nobody's core dump. */
	signal(SIGPIPE, SIG_IGN);
	firn_secret_process();

	cmd = argc > 0 ? by_link(argv[0]) : NULL;
	if (cmd != NULL)
		return (int)cmd->run(cmd, argc, argv);
	if (argc < 2) {
		show_help(stderr);
		return FIRN_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		show_help(stdout);
		return printed();
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("firn " FIRN_VERSION);
		return printed();
	}
	cmd = find(argv[1]);
	if (cmd == NULL) {
		fputs("firn: no such command; firn --help lists them\n",
		      stderr);
		return FIRN_EXIT_USAGE;
	}
	return (int)cmd->run(cmd, argc - 1, argv + 1);
}
