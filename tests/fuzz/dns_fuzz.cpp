// SPDX-License-Identifier: Apache-2.0
// DNS messages: a query that is accepted can be answered, and its answer is read as one; names survive their text form
// and that of addresses. The first byte chooses how the rest is taken.
#include <cstdlib>
#include <string>

#include "io/dns/message.hpp"

namespace {

using namespace lxr::io::dns;

void check(bool holds) {
  if (!holds) std::abort();
}

void answer(const std::string& message) {
  const auto received = parse_query(message);
  check(!received.good || !received.error);
  if (received.error) check(error_answer(message, *received.error).size() == header_size);
  if (!received.good) return;
  const query& q = *received.good;
  check(q.asked.name.size() <= 255 && q.asked.name.back() == '\0' && q.largest_answer() >= smallest_udp_limit);
  static_cast<void>(text_of(q.asked.name));
  if (const auto address = address_of_reverse(q.asked.name))
    check(address_of_reverse(reverse_name(*address)) == address);
  check(is_within(q.asked.name, q.asked.name) && is_within(q.asked.name, std::string(1, '\0')));
  const std::vector<answer_record> records(message.size() % 100, {record_type::a, "abcd"});
  const std::string made = make_answer(q, response_code::no_error, records, q.largest_answer());
  check(made.size() <= std::max(q.largest_answer(), q.head.size() + 11));
  const auto parsed = parse_answer(made, q);
  check(parsed && (parsed->is_truncated || parsed->addresses.size() == records.size()));
}

void read_answer(std::string message) {
  query q;
  q.id = message.size() > 1 ? static_cast<std::uint16_t>(static_cast<unsigned char>(message[0]) << 8 |
                                                         static_cast<unsigned char>(message[1]))
                            : std::uint16_t{0};
  q.asked = {std::string("\3web\0", 5), record_type::a};
  const auto parsed = parse_answer(message, q);
  if (!parsed) return;
  const std::size_t size = message.size();
  make_older(message, parsed->ttl_places, 10);
  check(message.size() == size && parse_answer(message, q).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) answer(rest);
  if (data[0] % 3 == 1) read_answer(rest);
  if (data[0] % 3 == 2) {
    const auto name = name_of(rest);
    if (name) check(name->size() <= 255 && name->back() == '\0' && !text_of(*name).empty());
  }
  return 0;
}
