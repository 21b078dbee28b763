/*
 * unit - what a unit test has to define
 *
 * A unit is one file t/unit_NAME.c and one line in Makefile.am
 * (check_PROGRAMS += t/unit_NAME).  It defines unit_suite(); main() is in
 * unit.c, which runs the suite, each test in a process of its own.
 *
 * Not here: tests that need a running server (t/tr, t/py).
 */
#ifndef T_UNIT_H
#define T_UNIT_H

#include <check.h>

/*
 * Make the suite of this unit.  Called once; Check owns and frees it.
 */
Suite *unit_suite(void);

/* A suite of one case of that name, *c, whose tests have so long each. */
Suite *unit_case(const char *name, int seconds, TCase **c);

#endif
