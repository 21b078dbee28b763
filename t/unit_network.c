/*
 * unit_network - lists of networks, and what is in them
 */
#include <stdlib.h>

#include "proto/network.h"
#include "t/unit.h"

START_TEST(lists_are_read)
{
	struct network list[NETWORK_MOST];
	char many[(NETWORK_MOST + 1) * 8 + 1] = "";
	int i;

	ck_assert_int_eq(network_read_list(SLICE(""), list), 0);
	ck_assert_int_eq(network_read_list(SLICE(" \t "), list), 0);
	ck_assert_int_eq(network_read_list(SLICE(" 10.0.0.0/8\t::1 "), list),
	    2);
	ck_assert_int_eq(list[0].bits, 8);
	ck_assert_int_eq(list[1].bits, 128);
	for (i = 0; i < NETWORK_MOST; i++)
		strcat(many, "1.2.3.4 ");
	ck_assert_int_eq(network_read_list(slice_of(many), list), NETWORK_MOST);
	strcat(many, "1.2.3.4");
	ck_assert_int_eq(network_read_list(slice_of(many), list), -1);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const char *const bad[] = {
		"x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/",
		"/8", "10.0.0/8", "10.0.0.0/8/8", "::/129", "10.0.0.0,::1",
		"10.0.0.1 x", "10.0.0.0/8x", "host.example",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};
	struct network list[NETWORK_MOST];
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(network_read_list(slice_of(bad[i]), list) == -1,
		    "%s", bad[i]);
}
END_TEST

START_TEST(addresses_are_found)
{
	static const struct row {
		const char *list, *address;
		bool is_in;
	} row[] = {
		{ "", "10.0.0.1", false },
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/8 11.0.0.1", "11.0.0.1", true },
		{ "192.168.4.0/23", "192.168.5.9", true },
		{ "192.168.4.0/23", "192.168.6.9", false },
		{ "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false }, { "::/0", "::1", true },
		{ "fd00::/8", "fdff::1", true },
		{ "fd00::/8", "fe00::1", false },
		{ "0.0.0.0/0", "nonsense", false },
	};
	struct network list[NETWORK_MOST];
	size_t i;

	for (i = 0; i < COUNT(row); i++) {
		int count = network_read_list(slice_of(row[i].list), list);

		ck_assert_int_ge(count, 0);
		ck_assert_msg(network_has_address(list, count,
		    row[i].address) == row[i].is_in, "%s in %s",
		    row[i].address, row[i].list);
	}
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("network");
	TCase *all = tcase_create("all");

	tcase_add_test(all, lists_are_read);
	tcase_add_test(all, nonsense_is_refused);
	tcase_add_test(all, addresses_are_found);
	suite_add_tcase(suite, all);
	return suite;
}
