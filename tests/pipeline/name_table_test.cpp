// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/name_table.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::network {
namespace {

namespace dns = io::dns;

dns::query query_for(const std::string& name, dns::record_type type = dns::record_type::a) {
  dns::query out;
  out.asked = {dns::name_of(name).value(), type};
  return out;
}

std::string bytes(unsigned a, unsigned b, unsigned c, unsigned d) {
  std::string out;
  for (const unsigned n : {a, b, c, d}) out += static_cast<char>(n);
  return out;
}

struct tables : testing::Test {
  tables() {
    names.enter(served_network{"networks/front", "10.1.0.1", "10.1.0.0/24", "udp"});
    names.enter(served_network{"networks/back", "10.2.0.1", "10.2.0.0/24", "udp"});
    names.enter({"a", "", {{"networks/front", "10.1.0.2", {"a", "web"}}}, {}, true});
    names.enter(
        {"b", "", {{"networks/front", "10.1.0.3", {"b", "web"}}, {"networks/back", "10.2.0.3", {"b"}}}, {}, true});
    names.enter({"c", "", {{"networks/back", "10.2.0.4", {"c", "web"}}}, {}, false});
  }
  // "refused", "none", "forward", or the records.
  std::string ask(const std::string& from, const dns::query& q) const {
    const name_decision d = names.decide(from, q);
    if (d.what == name_decision::forward) return "forward";
    if (d.code == dns::response_code::refused) return "refused";
    if (d.code == dns::response_code::no_such_name) return "none";
    std::string out;
    for (const dns::answer_record& r : d.records) {
      if (r.type == dns::record_type::ptr) out += dns::text_of(r.data) + " ";
      if (r.type != dns::record_type::ptr)
        out += std::to_string(static_cast<unsigned char>(r.data[1])) + "." +
               std::to_string(static_cast<unsigned char>(r.data[3])) + " ";
    }
    return out;
  }
  std::string ask(const std::string& from, const std::string& name) const { return ask(from, query_for(name)); }

  const std::string a = bytes(10, 1, 0, 2), b = bytes(10, 1, 0, 3), b2 = bytes(10, 2, 0, 3), c = bytes(10, 2, 0, 4);
  name_table names;
};

TEST_F(tables, tell_a_container_the_names_in_its_own_networks_only) {
  EXPECT_EQ(ask(a, "b"), "1.3 ");
  EXPECT_EQ(ask(a, "c"), "forward");
  EXPECT_EQ(ask(b, "c"), "2.4 ");
  EXPECT_EQ(ask(b2, "a"), "1.2 ");
  EXPECT_EQ(ask(c, "a"), "none");
  EXPECT_EQ(ask(a, "web"), "1.2 1.3 ");
  EXPECT_EQ(ask(c, "web"), "2.4 ");
  EXPECT_EQ(ask(a, "host.docker.internal"), "1.1 ");
  EXPECT_EQ(ask(bytes(10, 1, 0, 9), "a"), "refused");
  EXPECT_EQ(ask("", "a"), "refused");
}

TEST_F(tables, keep_questions_about_known_names_to_themselves) {
  EXPECT_EQ(ask(a, query_for("b", dns::record_type::aaaa)), "");
  EXPECT_EQ(ask(a, query_for("b", dns::record_type::any)), "1.3 ");
  EXPECT_EQ(ask(a, query_for("b", static_cast<dns::record_type>(252))), "refused");
  dns::query chaos = query_for("version.bind");
  chaos.asked.klass = 3;
  EXPECT_EQ(ask(a, chaos), "refused");
}

TEST_F(tables, tell_a_restricted_container_what_it_may_ask_for) {
  names.enter(
      {"r", "", {{"networks/front", "10.1.0.7", {"r"}}}, {}, true, named_egress{{"lv0"}, {"b", "*.example.org"}}});
  const std::string r = bytes(10, 1, 0, 7);
  EXPECT_EQ(ask(r, "B"), "1.3 ");
  EXPECT_NE(names.decide(r, query_for("b")).asking, nullptr) << "its address is admitted";
  EXPECT_EQ(ask(r, "a"), "refused");
  EXPECT_EQ(ask(r, "x.y.example.org"), "forward");
  EXPECT_EQ(ask(r, "example.org"), "refused");
  EXPECT_EQ(ask(r, "badexample.org"), "refused");
  EXPECT_EQ(ask(r, "host.docker.internal"), "refused");
  EXPECT_EQ(ask(a, "r"), "1.7 ");
}

TEST_F(tables, lead_back_from_addresses) {
  const auto back = [](const std::string& address) {
    dns::query out;
    out.asked = {dns::reverse_name(address), dns::record_type::ptr};
    return out;
  };
  EXPECT_EQ(ask(a, back(b)), "b ");
  EXPECT_EQ(ask(a, back(b2)), "none");
  EXPECT_EQ(ask(a, back(bytes(10, 1, 0, 77))), "none");
  EXPECT_EQ(ask(a, back(bytes(192, 0, 2, 1))), "forward");
  EXPECT_EQ(ask(c, back(bytes(192, 0, 2, 1))), "none");
}

TEST_F(tables, forget_who_leaves) {
  names.leave("b");
  EXPECT_EQ(ask(a, "b"), "forward");
  EXPECT_EQ(ask(a, "web"), "1.2 ");
  EXPECT_EQ(ask(b, "a"), "refused");
  EXPECT_TRUE(names.forget_empty().empty());
  names.leave("a");
  names.leave("a");
  EXPECT_EQ(names.forget_empty(), std::vector<std::string>{"networks/front"});
  EXPECT_FALSE(names.knows("networks/front"));
  EXPECT_FALSE(names.is_empty());
}

TEST_F(tables, give_an_address_to_the_last_one_who_has_it) {
  names.enter({"d", "", {{"networks/front", "10.1.0.3", {"d"}}}, {}, true});
  EXPECT_EQ(ask(a, "b"), "forward");
  EXPECT_EQ(ask(a, "d"), "1.3 ");
  EXPECT_EQ(ask(c, "b"), "none");
  names.leave("b");
  EXPECT_EQ(ask(a, "d"), "1.3 ");
}

TEST_F(tables, replace_a_container_that_comes_again) {
  names.enter({"b", "", {{"networks/back", "10.2.0.9", {"b", "not..a.name", "B"}}}, {}, true});
  EXPECT_EQ(ask(a, "b"), "forward");
  EXPECT_EQ(ask(c, "b"), "2.9 ");
  names.enter({"b", "", {}, {}, true});
  EXPECT_EQ(ask(c, "b"), "none");
  EXPECT_THROW(names.enter({"x", "", {{"networks/back", "nowhere", {"x"}}}, {}, true}), error);
  EXPECT_THROW(names.enter(served_network{"networks/x", "10.1.0.1", "all", "udp"}), error);
}

TEST_F(tables, tell_of_all_networks_that_both_have) {
  names.enter({"d", "", {{"networks/front", "10.1.0.8", {"d"}}, {"networks/back", "10.2.0.8", {"d"}}}, {}, true});
  EXPECT_EQ(ask(b, "d"), "1.8 2.8 ");
  EXPECT_EQ(ask(a, "d"), "1.8 ");
}

TEST_F(tables, turn_the_order_of_several_addresses) {
  dns::query q = query_for("web");
  q.id = 1;
  EXPECT_EQ(ask(a, q), "1.3 1.2 ");
}

}  // namespace
}  // namespace lxr::network
