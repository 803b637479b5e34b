// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_cache.hpp"

#include <gtest/gtest.h>

namespace lxr::network {
namespace {

using namespace std::chrono_literals;

const auto start = dns_cache::clock::now();

io::dns::received_answer good_for(std::uint32_t seconds) {
  io::dns::received_answer out;
  out.ttl = seconds;
  return out;
}

TEST(dns_cache, serves_the_same_question_to_the_same_servers_for_its_time) {
  dns_cache cache(10);
  cache.keep("s", "12question", "12answer", good_for(60), start);
  EXPECT_EQ(cache.find("s", "34question", start + 59s), "34answer");
  EXPECT_FALSE(cache.find("other", "34question", start));
  EXPECT_FALSE(cache.find("s", "34questioN", start));
  EXPECT_FALSE(cache.find("s", "34question", start + 60s));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(dns_cache, makes_times_to_live_shorter) {
  dns_cache cache(10);
  io::dns::received_answer parsed = good_for(60);
  parsed.ttl_places = {2};
  cache.keep("s", "12q", std::string("12\0\0\1\0", 6), parsed, start);
  EXPECT_EQ(cache.find("s", "12q", start + 16s), std::string("12\0\0\0\xf0", 6));
}

TEST(dns_cache, keeps_nothing_that_may_be_wrong_later) {
  dns_cache cache(10);
  io::dns::received_answer failed = good_for(60), cut = good_for(60), timeless;
  failed.code = 2;
  cut.is_truncated = true;
  for (const auto& parsed : {failed, cut, timeless, good_for(0)}) cache.keep("s", "12q", "12a", parsed, start);
  cache.keep("s", "12q", std::string(4097, 'a'), good_for(60), start);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(dns_cache, is_bounded_by_giving_up_what_was_used_longest_ago) {
  dns_cache cache(2);
  cache.keep("s", "12a", "12A", good_for(60), start);
  cache.keep("s", "12b", "12B", good_for(60), start);
  EXPECT_TRUE(cache.find("s", "12a", start));
  cache.keep("s", "12c", "12C", good_for(60), start);
  cache.keep("s", "12c", "12D", good_for(60), start);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.find("s", "12a", start), "12A");
  EXPECT_FALSE(cache.find("s", "12b", start));
  EXPECT_EQ(cache.find("s", "12c", start), "12D");
}

}  // namespace
}  // namespace lxr::network
