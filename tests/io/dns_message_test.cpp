// SPDX-License-Identifier: Apache-2.0
#include "io/dns/message.hpp"

#include <gtest/gtest.h>

namespace lxr::io::dns {
namespace {

using namespace std::string_literals;

std::string words(std::initializer_list<unsigned> numbers) {
  std::string out;
  for (const unsigned n : numbers) out += std::string{static_cast<char>(n >> 8), static_cast<char>(n & 0xff)};
  return out;
}

const std::string web = "\3WEB\7Example\0"s, options = "\0"s + words({41, 4096, 0, 0, 0});

std::string question_for(const std::string& name, unsigned type = 1) { return name + words({type, 1}); }
std::string query_for(const std::string& name, unsigned type = 1, const std::string& additional = "") {
  return words({0xbeef, 0x0100, 1, 0, 0, additional.empty() ? 0u : 1u}) + question_for(name, type) + additional;
}
query good(const std::string& message) { return parse_query(message).good.value(); }

TEST(dns_name, is_made_from_text_and_back) {
  EXPECT_EQ(name_of("Web.example."), "\3web\7example\0"s);
  EXPECT_EQ(text_of("\3web\7example\0"s), "web.example");
  EXPECT_EQ(text_of("\3a.b\2\xff-\0"s), "a\\046b.\\255-");
  EXPECT_EQ(text_of("\0"s), ".");
  for (const char* bad : {"", ".", "a..b", ".a"}) EXPECT_FALSE(name_of(bad)) << bad;
  EXPECT_TRUE(name_of(std::string(63, 'a')));
  EXPECT_FALSE(name_of(std::string(64, 'a')));
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  EXPECT_EQ(name_of(longest).value().size(), 255u);
  EXPECT_FALSE(name_of(longest + "a"));
}

TEST(dns_name, lies_within_a_domain_label_by_label) {
  const std::string domain = name_of("example.org").value();
  EXPECT_TRUE(is_within(name_of("a.b.example.org").value(), domain));
  EXPECT_TRUE(is_within(domain, domain));
  EXPECT_FALSE(is_within(name_of("badexample.org").value(), domain));
  EXPECT_FALSE(is_within(name_of("org").value(), domain));
}

TEST(dns_name, of_an_address_leads_back_to_it) {
  const std::string four = "\x0a\x05\x00\xff"s, six = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x1f"s;
  EXPECT_EQ(text_of(reverse_name(four)), "255.0.5.10.in-addr.arpa");
  EXPECT_EQ(address_of_reverse(reverse_name(four)), four);
  EXPECT_EQ(text_of(reverse_name(six)), "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(address_of_reverse(reverse_name(six)), six);
  for (const char* other : {"1.5.10.in-addr.arpa", "256.5.0.10.in-addr.arpa", "01.5.0.10.in-addr.arpa",
                            "x.5.0.10.in-addr.arpa", "in-addr.arpa", "1.0.0.127.ip6.arpa", "web"})
    EXPECT_FALSE(address_of_reverse(name_of(other).value())) << other;
}

TEST(dns_query, is_read_with_its_name_in_lower_case) {
  const query q = good(query_for(web, 28));
  EXPECT_EQ(q.id, 0xbeef);
  EXPECT_EQ(q.asked.name, "\3web\7example\0"s);
  EXPECT_EQ(q.asked.type, record_type::aaaa);
  EXPECT_EQ(q.largest_answer(), 512u);
  EXPECT_EQ(good(query_for(web, 1, options)).largest_answer(), 1232u);
}

TEST(dns_query, is_passed_on_without_what_a_client_hides_in_it) {
  const query q = good(query_for(web, 1, options) + "more");
  const std::string plain = plain_query(q);
  EXPECT_EQ(plain, words({0xbeef, 0x0100, 1, 0, 0, 1}) + question_for("\3web\7example\0"s) + "\0"s +
                       words({41, 1232, 0, 0, 0}));
  std::string answer = make_answer(good(plain), response_code::no_error, {}, 512);
  give_back_question(answer, q);
  EXPECT_EQ(answer.substr(12, question_for(web).size()), question_for(web));
}

TEST(dns_query, that_is_malformed_is_answered_with_an_error) {
  const auto error_of = [](const std::string& m) { return parse_query(m).error; };
  EXPECT_EQ(error_of(words({1, 0x0100, 2, 0, 0, 0}) + question_for(web) + question_for(web)),
            response_code::format_error);
  EXPECT_EQ(error_of(words({1, 0x0100, 0, 0, 0, 0})), response_code::format_error);
  EXPECT_EQ(error_of(words({1, 0x0100, 1, 0, 0, 0}) + "\3we"), response_code::format_error);
  EXPECT_EQ(error_of(words({1, 0x0100, 1, 0, 0, 0}) + "\xc0\x0c"s + words({1, 1})), response_code::format_error);
  EXPECT_EQ(error_of(query_for(web, 1, options + options).replace(11, 1, "\2")), response_code::format_error);
  EXPECT_EQ(error_of(query_for(web).replace(2, 1, "\x28")), response_code::not_implemented);
  std::string endless;
  for (int i = 0; i < 130; ++i) endless += "\1a";
  EXPECT_EQ(error_of(query_for(endless + "\0"s)), response_code::format_error);
  EXPECT_EQ(error_answer(words({0xbeef, 0x0100, 0, 0, 0, 0}), response_code::format_error),
            words({0xbeef, 0x8101, 0, 0, 0, 0}));
}

TEST(dns_query, gets_no_answer_when_it_is_an_answer_or_too_short) {
  for (const std::string& m : {""s, "\1\2"s, query_for(web).replace(2, 1, "\x81")}) {
    EXPECT_FALSE(parse_query(m).good);
    EXPECT_FALSE(parse_query(m).error);
  }
}

TEST(dns_answer, has_the_question_as_it_was_asked_and_the_records) {
  EXPECT_EQ(make_answer(good(query_for(web)), response_code::no_error, {{record_type::a, "\x0a\0\0\1"s}}, 512),
            words({0xbeef, 0x8580, 1, 1, 0, 0}) + question_for(web) + words({0xc00c, 1, 1, 0, 0, 4}) + "\x0a\0\0\1"s);
  EXPECT_EQ(make_answer(good(query_for(web, 1, options)), response_code::no_such_name, {}, 512),
            words({0xbeef, 0x8583, 1, 0, 0, 1}) + question_for(web) + "\0"s + words({41, 1232, 0, 0, 0}));
}

TEST(dns_answer, that_is_too_long_is_truncated) {
  const query q = good(query_for(web));
  const std::vector<answer_record> many(40, {record_type::a, "\x0a\0\0\1"s});
  EXPECT_EQ(make_answer(q, response_code::no_error, many, 512),
            words({0xbeef, 0x8380, 1, 0, 0, 0}) + question_for(web));
  EXPECT_EQ(make_answer(q, response_code::no_error, many, 65535).size(),
            12 + question_for(web).size() + many.size() * 16);
}

std::string record(const std::string& name, unsigned type, unsigned ttl, const std::string& data) {
  return name + words({type, 1, ttl >> 16, ttl & 0xffff, static_cast<unsigned>(data.size())}) + data;
}

TEST(dns_answer, of_another_server_is_read) {
  const query q = good(query_for(web));
  const std::string alias = record("\xc0\x0c"s, 5, 300, "\3www\xc0\x10"s),
                    address = record("\3www\xc0\x10"s, 1, 60, "\1\2\3\4");
  std::string message = words({0xbeef, 0x8180, 1, 2, 0, 0}) + question_for("\3web\7EXAMPLE\0"s) + alias + address;
  const auto a = parse_answer(message, q).value();
  EXPECT_EQ(a.ttl, 60u);
  EXPECT_EQ(a.addresses, std::vector<std::string>{"\1\2\3\4"});
  ASSERT_EQ(a.ttl_places.size(), 2u);
  make_older(message, a.ttl_places, 100);
  EXPECT_EQ(parse_answer(message, q)->ttl, 0u);
  EXPECT_EQ(message, words({0xbeef, 0x8180, 1, 2, 0, 0}) + question_for("\3web\7EXAMPLE\0"s) +
                         record("\xc0\x0c"s, 5, 200, "\3www\xc0\x10"s) + record("\3www\xc0\x10"s, 1, 0, "\1\2\3\4"));
}

TEST(dns_answer, without_records_is_good_for_the_time_that_the_zone_says) {
  const query q = good(query_for(web));
  const std::string zone = record("\xc0\x10"s, 6, 900, "\0\0"s + words({0, 1, 0, 2, 0, 3, 0, 4, 0, 77}));
  EXPECT_EQ(parse_answer(words({0xbeef, 0x8183, 1, 0, 1, 0}) + question_for(web) + zone, q)->ttl, 77u);
  EXPECT_FALSE(parse_answer(words({0xbeef, 0x8183, 1, 0, 0, 0}) + question_for(web), q)->ttl);
}

TEST(dns_answer, of_a_server_that_cannot_read_the_question_is_a_header) {
  const query q = good(query_for(web));
  EXPECT_EQ(parse_answer(words({0xbeef, 0x8181, 0, 0, 0, 0}), q)->code, 1);
  EXPECT_FALSE(parse_answer(words({0xbeef, 0x8180, 0, 0, 0, 0}), q));
  EXPECT_FALSE(parse_answer(words({0xbee0, 0x8181, 0, 0, 0, 0}), q));
}

TEST(dns_answer, with_a_time_to_live_that_is_negative_is_not_kept) {
  const query q = good(query_for(web));
  std::string message =
      words({0xbeef, 0x8180, 1, 1, 0, 0}) + question_for(web) + record("\xc0\x0c"s, 1, 0x80000001, "\1\2\3\4");
  EXPECT_EQ(parse_answer(message, q)->ttl, 0u);
  make_older(message, parse_answer(message, q)->ttl_places, 0);
  EXPECT_EQ(message.substr(message.size() - 10, 4), "\0\0\0\0"s);
}

TEST(dns_answer, that_is_not_to_this_question_is_refused) {
  const query q = good(query_for(web));
  const std::string rest = words({0x8180, 1, 0, 0, 0});
  EXPECT_TRUE(parse_answer(words({0xbeef}) + rest + question_for(web), q));
  EXPECT_FALSE(parse_answer(words({0xbeee}) + rest + question_for(web), q));
  EXPECT_FALSE(parse_answer(words({0xbeef}) + rest + question_for(web, 28), q));
  EXPECT_FALSE(parse_answer(words({0xbeef}) + rest + question_for("\3wob\7example\0"s), q));
  EXPECT_FALSE(parse_answer(query_for(web), q));
  EXPECT_FALSE(parse_answer(words({0xbeef, 0x8180, 1, 1, 0, 0}) + question_for(web) + "\xc0", q));
  EXPECT_TRUE(parse_answer(words({0xbeef, 0x8380, 1, 1, 0, 0}) + question_for(web) + "\xc0", q)->is_truncated);
}

}  // namespace
}  // namespace lxr::io::dns
