/*
 * fuzz_settings - a configuration file that is accepted can be rewritten
 *
 * Any text is taken or refused with a reason.  When it is taken, the rewritten
 * file is taken too and says the same, also when it is rewritten over an empty
 * one.
 *
 * Not here: what each option accepts (unit_option.c).
 */
#include <stdlib.h>

#include "daemon/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
check_rewritten(const struct options *o, struct slice old)
{
	static struct options again;
	char why[SETTINGS_WHY];
	char *text = settings_rewrite_text(o, old, why);
	size_t i;

	must(text != NULL, "an accepted file can be rewritten");
	option_set_defaults(&again);
	must(settings_read_text(&again, "rewritten", slice_of(text), why),
	    "a rewritten file is accepted");
	for (i = 0; i < OPTION_COUNT; i++)
		must(option_is_same(o, &again, &option_table[i]),
		    "a rewritten file says the same");
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct options o;
	struct slice in = { (const char *)data, bytes };
	char why[SETTINGS_WHY] = "";

	option_set_defaults(&o);
	if (!settings_read_text(&o, "file", in, why)) {
		must(why[0] != '\0', "a refusal has a reason");
		return 0;
	}
	if (memchr(in.data, 0, in.bytes) == NULL)
		check_rewritten(&o, in);
	check_rewritten(&o, SLICE(""));
	return 0;
}
