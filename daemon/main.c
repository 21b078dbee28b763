/*
 * main - the program: settings, then the supervisor
 *
 * Exit status: 0 the end was asked for; 1 a setting is wrong, the node could
 * not start or could not go on.  The reason is one sentence on standard error.
 *
 * Not here: the processes (daemon/sup.c).
 */
#include "daemon/birth.h"
#include "daemon/fault_do.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "daemon/sup.h"
#include "daemon/title.h"

int
main(int argc, char **argv)
{
	static struct settings settings;
	char why[SETTINGS_WHY];

	switch (settings_read(&settings, argc, argv, why)) {
	case SETTINGS_DONE:
		return 0;
	case SETTINGS_WRONG:
		log_complain("%s", why);
		return 1;
	case SETTINGS_RUN:
		break;
	}
	title_prepare(argc, argv);
	base_on_broken(birth_broken);
#ifdef ALMANDINE_FAULTS
	fault_prepare();
#endif
	return sup_main(&settings);
}
