// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From now on a share of the module's allocations fails, whichever process makes it do
 * them:
 *	fault_switch PERCENT		0 ends that
 * Prints how many have failed since it was last switched on. Exit status 2 if
 * this kernel cannot do it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: fault_switch PERCENT\n", stderr);
		return 2;
	}
	if (!fault_available())
		return 2;
	printf("%lu\n", fault_on() ? fault_count() : 0);
	fault_module((unsigned int)atoi(argv[1]));
	return 0;
}
