/*
 * cluster - a cluster on a developer's machine: started, stopped, looked at
 *
 *	almandinectl cluster start [options] [-- options of almandined]
 *	almandinectl cluster status [--dir D]
 *	almandinectl cluster stop [--dir D]
 *
 * The nodes listen on loopback and keep their files in D/PORT.  What start
 * finds running it leaves alone, and a cluster that is there is not made anew:
 * start after stop goes on with the old data.
 *
 * Not here: clusters of several machines (redis-cli --cluster).
 */
#ifndef CTL_CLUSTER_H
#define CTL_CLUSTER_H

/* argv begins behind the word `cluster`; the exit code. */
int cluster_main(int argc, char **argv);

#endif
