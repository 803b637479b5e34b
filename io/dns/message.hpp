// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Messages of the Domain Name System (RFC 1035, 4; EDNS: RFC 6891), as a server that knows some names and forwards the
// other questions reads and writes them. All bytes are hostile: functions read nothing outside the message, follow no
// compression pointers, and take time that grows with its size.
//
// A domain name is held as it stands in a message (RFC 1035, 3.1) with lower-case letters: "\3www\7example\0". So
// equal names have equal strings, and labels may hold any byte.
namespace lxr::io::dns {

enum class record_type : std::uint16_t { a = 1, cname = 5, soa = 6, ptr = 12, aaaa = 28, opt = 41, any = 255 };
enum class response_code : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5
};

constexpr std::size_t header_size = 12;           // bytes
constexpr std::size_t smallest_udp_limit = 512;   // bytes of an answer by UDP without EDNS
constexpr std::size_t largest_udp_answer = 1232;  // bytes of an answer by UDP that no common link fragments
constexpr std::size_t largest_message = 65535;    // bytes, by TCP

// Returns the name for a text such as "web" or "www.Example.com."; nullopt when it is no domain name: an empty label,
// one of more than 63 bytes, more than 255 bytes in all.
std::optional<std::string> name_of(std::string_view text);
// Returns the text of a name. Bytes of a label that are neither letters, digits, "-" nor "_" stand as \DDD.
std::string text_of(std::string_view name);
// Returns true when `name` is `domain` or lies below it.
bool is_within(std::string_view name, std::string_view domain);
// Returns the name that leads back from an address to its names (RFC 1035, 3.5; RFC 3596, 2.5). `address`: the 4 or 16
// bytes of an IPv4 or IPv6 address, most significant first.
std::string reverse_name(std::string_view address);
// Returns the bytes of the address that a reverse name stands for; nullopt for any other name.
std::optional<std::string> address_of_reverse(std::string_view name);

struct question {
  std::string name;
  record_type type{};
  std::uint16_t klass = 1;  // 1: IN
};

// A question as a client asked it.
struct query {
  std::uint16_t id = 0;
  question asked;
  std::string head;                      // the message up to the end of the question, as it came
  std::optional<std::size_t> udp_limit;  // bytes of an answer by UDP that the client takes; with EDNS
  // Returns how many bytes an answer by UDP may have.
  [[nodiscard]] std::size_t largest_answer() const;
};

// What a server is to do with a message: answer the query, or answer with an error code, or nothing.
struct received_query {
  std::optional<query> good;
  std::optional<response_code> error;  // error_answer() makes that answer
};
received_query parse_query(std::string_view message);

// One record of an answer to the question's name.
struct answer_record {
  record_type type{};
  std::string data;  // A: 4 bytes, AAAA: 16 bytes, PTR: a name
};

// Returns the answer to a query: `records` with a time to live of 0, because a container's address may change at any
// time. When it would exceed `limit` bytes, it has no records and says that it is truncated.
std::string make_answer(const query& to, response_code code, const std::vector<answer_record>& records,
                        std::size_t limit);
// Returns an answer to a message that parse_query() refused, of at least 2 bytes: only a header.
std::string error_answer(std::string_view message, response_code code);

// What a forwarder has to know of another server's answer.
struct received_answer {
  bool is_truncated = false;
  std::uint8_t code = 0;                // response_code, or one that this header does not name
  std::optional<std::uint32_t> ttl;     // seconds that the answer is good for; none: it is not to be kept
  std::vector<std::size_t> ttl_places;  // offsets of the times to live in the message
  std::vector<std::string> addresses;   // of A and AAAA records in the answer section: 4 or 16 bytes each
};
// Returns nullopt for what is no answer to `to`: another id or question, or a malformed message.
std::optional<received_answer> parse_answer(std::string_view message, const query& to);

// Returns the query without anything that a client could hide something in: its question in lower case, and EDNS
// without options if the client has that.
std::string plain_query(const query& of);
// Gives the answer to a plain query the question as the client asked it.
void give_back_question(std::string& answer, const query& to);

// Changes a message in place: its id, and its times to live, which it makes smaller by `age` seconds.
void set_id(std::string& message, std::uint16_t id);
void make_older(std::string& message, const std::vector<std::size_t>& ttl_places, std::uint32_t age);
// Returns the answer cut to the question, and marked as truncated.
std::string truncated(const query& to);

}  // namespace lxr::io::dns
