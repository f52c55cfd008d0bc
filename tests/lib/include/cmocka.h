/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmocka 2 has another name for what the tests of 1 call assert_in_range(), and warns of the old one; and a macro stop(),
 * which is no word of ours.
 */
#include_next <cmocka.h>

#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#undef stop
#endif
