/*
 * unit - main() of every unit test
 *
 * Check's own environment applies: CK_FORK=no runs the tests in one process
 * (for a debugger), CK_RUN_CASE=name runs one case.  The last line printed
 * is Check's summary, which t/run counts.
 *
 * Not here: the tests (unit_*.c).
 */
#include <stdlib.h>

#include "t/unit.h"

Suite *
unit_case(const char *name, int seconds, TCase **c)
{
	Suite *suite = suite_create(name);

	*c = tcase_create(name);
	tcase_set_timeout(*c, seconds);
	suite_add_tcase(suite, *c);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(unit_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
