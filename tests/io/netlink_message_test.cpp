// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/message.hpp"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <random>
#include <string>
#include <vector>

namespace lxr::io::netlink {
namespace {

struct memory {
  alignas(8) char bytes[4096] = {};
};

// The same random message, with attributes of all sizes and nests in nests, by libmnl and by us.
void build(std::mt19937& dice, nlmsghdr* theirs, nlmsghdr* ours, int depth) {
  for (auto n = dice() % 5; n > 0; --n) {
    const auto type = static_cast<std::uint16_t>(1 + dice() % 60);
    const std::string text(dice() % 13, 'x');
    const auto number = static_cast<std::uint32_t>(dice());
    switch (dice() % 6) {
      case 0:
        mnl_attr_put(theirs, type, text.size(), text.data()), attr_put(ours, type, text.size(), text.data());
        break;
      case 1:
        mnl_attr_put_u8(theirs, type, static_cast<std::uint8_t>(number)),
            attr_put_u8(ours, type, static_cast<std::uint8_t>(number));
        break;
      case 2:
        mnl_attr_put_u32(theirs, type, number), attr_put_u32(ours, type, number);
        break;
      case 3:
        mnl_attr_put_str(theirs, type, text.c_str()), attr_put_str(ours, type, text.c_str());
        break;
      case 4:
        mnl_attr_put_strz(theirs, type, text.c_str()), attr_put_strz(ours, type, text.c_str());
        break;
      default: {
        if (depth > 3) break;
        nlattr* const a = mnl_attr_nest_start(theirs, type);
        nlattr* const b = attr_nest_start(ours, type);
        build(dice, theirs, ours, depth + 1);
        mnl_attr_nest_end(theirs, a);
        attr_nest_end(ours, b);
      }
    }
  }
}

TEST(netlink_message, is_byte_for_byte_what_libmnl_makes) {
  std::mt19937 dice(1);
  for (int round = 0; round < 2000; ++round) {
    memory a, b;
    nlmsghdr* const theirs = mnl_nlmsg_put_header(a.bytes);
    nlmsghdr* const ours = put_header(b.bytes);
    mnl_nlmsg_put_extra_header(theirs, sizeof(rtmsg) + round % 3);
    put_extra_header(ours, sizeof(rtmsg) + static_cast<std::size_t>(round % 3));
    build(dice, theirs, ours, 0);
    ASSERT_EQ(std::string(a.bytes, sizeof a.bytes), std::string(b.bytes, sizeof b.bytes));
  }
}

TEST(netlink_message, is_read_as_libmnl_reads_it_and_never_past_its_end) {
  std::mt19937 dice(2);
  for (int round = 0; round < 5000; ++round) {
    memory m;
    nlmsghdr* const h = put_header(m.bytes);
    put_extra_header(h, sizeof(rtmsg));
    memory unused;
    nlmsghdr* const other = put_header(unused.bytes);
    put_extra_header(other, sizeof(rtmsg));
    build(dice, other, h, 0);
    const std::uint32_t whole = h->nlmsg_len;
    if (round % 2 == 1) {  // damaged: lengths lie
      for (int i = 0; i < 3; ++i) m.bytes[sizeof *h + dice() % 40] = static_cast<char>(dice());
      h->nlmsg_len = whole;
    }
    std::vector<const nlattr*> theirs, ours;
    mnl_attr_parse(
        h, sizeof(rtmsg),
        [](const nlattr* a, void* to) {
          static_cast<std::vector<const nlattr*>*>(to)->push_back(a);
          return MNL_CB_OK;
        },
        &theirs);
    for_each_attribute(h, sizeof(rtmsg), [&](const nlattr* a) {
      EXPECT_LE(reinterpret_cast<const char*>(a) + a->nla_len, m.bytes + whole);
      ours.push_back(a);
    });
    ASSERT_EQ(ours, theirs) << round;
  }
}

TEST(netlink_message, what_is_too_short_is_read_as_nothing) {
  memory m;
  nlmsghdr* const h = put_header(m.bytes);
  EXPECT_EQ(header_of<rtmsg>(h), nullptr);
  EXPECT_EQ(error_of(h), EPROTO);
  put_extra_header(h, sizeof(rtmsg));
  EXPECT_NE(header_of<rtmsg>(h), nullptr);
  attr_put_u8(h, 1, 7);
  attr_put_str(h, 2, "name");  // without a NUL at its end
  attr_put_strz(h, 3, "name");
  attr_put_u32(h, 4, 7);
  std::vector<std::pair<std::string, std::uint32_t>> read;
  for_each_attribute(h, sizeof(rtmsg), [&read](const nlattr* a) { read.emplace_back(attr_text(a), attr_u32(a)); });
  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(read[0].second, 0u);
  EXPECT_EQ(read[1].first, "name");
  EXPECT_EQ(read[2].first, "name");
  EXPECT_EQ(read[3].second, 7u);
}

TEST(netlink_message, several_in_one_buffer_and_a_cut_one) {
  std::vector<char> buffer(64);
  nlmsghdr* const first = put_header(buffer.data());
  put_extra_header(first, 8);
  nlmsghdr* const second = put_header(tail(first));
  second->nlmsg_len = 1000;
  int seen = 0;
  for_each_message(buffer.data(), buffer.size(), [&seen](const nlmsghdr*) { return ++seen > 0; });
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace lxr::io::netlink
