/* about.c - `ringv help`, `ringv version`, `ringv config`: what ringv says of itself. */
#include "sim/base/config.h"
#include "sim/cli/command.h"
#include "sim/cli/options.h"
#include "sim/replay/oracle.h"
#include "sim/replay/version.h"

int help_command(const struct args *args, struct error *e)
{
	const struct command *c;

	if (args->names.count == 0) {
		commands_help(stdout);
		return SIM_PASS;
	}
	c = command_find(args->names.at[0]);
	if (c == NULL) {
		fail(e, "no command '%s'; `ringv help` lists them", args->names.at[0]);
		return SIM_USAGE;
	}
	command_help(c, stdout);
	return SIM_PASS;
}

int version_command(const struct args *args, struct error *e)
{
	(void)args, (void)e;
	printf("ringv %s, build %s\n", ringv_version, ringv_build_id);
	return SIM_PASS;
}

int config_command(const struct args *args, struct error *e)
{
	struct config config;

	config_defaults(&config);
	if (!options_config(args, &config, e))
		return SIM_USAGE;
	config_print(&config, args->json ? CONFIG_JSON : CONFIG_INI, stdout);
	return SIM_PASS;
}

static void print_oracle(const struct oracle_row *row)
{
	printf("%s: %s\n    verdict %s%s%s\n", row->name, row->claim, verdict_name(row->verdict),
		row->probes[0] != '\0' ? "; needs the probes " : "; needs no probes", row->probes);
}

static void json_oracle(const struct oracle_row *row)
{
	printf("  {\"name\": \"%s\", \"verdict\": \"%s\", \"probes\": \"%s\", \"claim\": ",
		row->name, verdict_name(row->verdict), row->probes);
	json_text(row->claim, stdout);
	printf("}");
}

int oracles_command(const struct args *args, struct error *e)
{
	(void)e;
	for (unsigned i = 0; i < oracles_count(); i++) {
		struct oracle_row row = oracles_row(i);

		if (args->json)
			printf("%s", i == 0 ? "[\n" : ",\n");
		(args->json ? json_oracle : print_oracle)(&row);
	}
	printf("%s", args->json ? "\n]\n" : "");
	return SIM_PASS;
}
