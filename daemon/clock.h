/*
 * clock - the only door to time
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);        /* UNIX time in milliseconds */
int64_t clock_us(void);        /* UNIX time in microseconds */
int64_t clock_steady_us(void); /* microseconds since some time; never back */

#endif
