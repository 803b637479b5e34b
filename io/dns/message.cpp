// SPDX-License-Identifier: Apache-2.0
#include "io/dns/message.hpp"

#include <algorithm>
#include <array>

namespace lxr::io::dns {
namespace {

constexpr std::size_t longest_label = 63, longest_name = 255;
constexpr std::uint16_t class_internet = 1;
constexpr std::uint32_t longest_ttl = 0x7fffffff;
constexpr std::string_view under_ipv4 = "\7in-addr\4arpa", under_ipv6 = "\3ip6\4arpa";  // each with its final zero

// The flags of a header, its second 16 bits (RFC 1035, 4.1.1).
constexpr unsigned is_answer = 0x8000, opcode_bits = 0x7800, authoritative = 0x0400, is_cut = 0x0200,
                   recursion_desired = 0x0100, recursion_available = 0x0080, checking_disabled = 0x0010,
                   code_bits = 0x000f;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Reads a message from its beginning to its end.
class reader {
 public:
  explicit reader(std::string_view message, std::size_t at = 0) : all_(message), at_(at) {}

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  std::string_view take(std::size_t size) {
    if (!good_ || all_.size() - at_ < size) {
      good_ = false;
      return {};
    }
    at_ += size;
    return all_.substr(at_ - size, size);
  }
  std::uint16_t take_16() { return static_cast<std::uint16_t>(number(take(2))); }
  std::uint32_t take_32() { return number(take(4)); }

  // A name without compression.
  std::string take_name() {
    std::string out;
    for (;;) {
      const std::string_view size = take(1);
      if (!good_) return {};
      const auto length = static_cast<unsigned char>(size[0]);
      out += size[0];
      if (length == 0) return out;
      const std::string_view label = take(length);
      if (length > longest_label || out.size() + length >= longest_name) good_ = false;
      if (!good_) return {};
      for (const char c : label) out += lower(c);
    }
  }

  // A name, which may end with a pointer to an earlier place (RFC 1035, 4.1.4).
  void skip_name() {
    constexpr unsigned pointer = 0xc0;
    for (;;) {
      const std::string_view size = take(1);
      if (!good_ || size[0] == '\0') return;
      const auto length = static_cast<unsigned char>(size[0]);
      if ((length & pointer) == pointer) {
        take(1);
        return;
      }
      if (length > longest_label) good_ = false;
      take(length);
    }
  }

 private:
  static std::uint32_t number(std::string_view bytes) {
    std::uint32_t out = 0;
    for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }

  std::string_view all_;
  std::size_t at_;
  bool good_ = true;
};

struct header {
  std::uint16_t id = 0;
  unsigned flags = 0;
  std::array<std::uint16_t, 4> counts{};  // of questions, answers, authorities, additional records
};

header take_header(reader& from) {
  header out;
  out.id = from.take_16();
  out.flags = from.take_16();
  for (std::uint16_t& count : out.counts) count = from.take_16();
  return out;
}

question take_question(reader& from) {
  question out;
  out.name = from.take_name();
  out.type = static_cast<record_type>(from.take_16());
  out.klass = from.take_16();
  return out;
}

struct record {
  record_type type{};
  std::uint16_t klass = 0;
  std::size_t ttl_place = 0;
  std::uint32_t ttl = 0;
  std::string_view data;
};

record take_record(reader& from) {
  record out;
  from.skip_name();
  out.type = static_cast<record_type>(from.take_16());
  out.klass = from.take_16();
  out.ttl_place = from.at();
  out.ttl = from.take_32();
  if (out.ttl > longest_ttl) out.ttl = 0;  // RFC 2181, 8
  out.data = from.take(from.take_16());
  return out;
}

void put_16(std::string& to, unsigned v) {
  to += static_cast<char>(v >> 8 & 0xff);
  to += static_cast<char>(v & 0xff);
}

void put_at(std::string& to, std::size_t at, unsigned v, int bytes) {
  for (int i = 0; i < bytes; ++i)
    to[at + static_cast<std::size_t>(i)] = static_cast<char>(v >> (8 * (bytes - 1 - i)) & 0xff);
}

unsigned flags_in(std::string_view message) {
  return static_cast<unsigned char>(message[2]) * 256u + static_cast<unsigned char>(message[3]);
}

void put_options(std::string& to) {
  to += '\0';  // the root's name
  put_16(to, static_cast<unsigned>(record_type::opt));
  put_16(to, static_cast<unsigned>(largest_udp_answer));
  to.append(6, '\0');  // no extended code, version 0, no flags, no options
}

// The client's question with the header of an answer.
std::string answer_head(const query& to, unsigned code, unsigned flags) {
  std::string out = to.head;
  put_at(out, 2,
         (flags_in(out) & (recursion_desired | checking_disabled)) | is_answer | recursion_available | flags | code, 2);
  put_at(out, 6, 0, 2);
  put_at(out, 8, 0, 2);
  put_at(out, 10, to.udp_limit ? 1 : 0, 2);
  return out;
}

int value_of_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Returns the labels of a name below `domain`, whose final zero `domain` lacks; nullopt when it lies elsewhere.
std::optional<std::vector<std::string_view>> labels_below(std::string_view name, std::string_view domain) {
  if (!name.ends_with('\0')) return std::nullopt;
  name.remove_suffix(1);
  if (!name.ends_with(domain)) return std::nullopt;
  name.remove_suffix(domain.size());
  std::vector<std::string_view> out;
  while (!name.empty()) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(name[0]));
    if (size >= name.size()) return std::nullopt;
    out.push_back(name.substr(1, size));
    name.remove_prefix(size + 1);
  }
  return out;
}

}  // namespace

std::optional<std::string> name_of(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('.', at), text.size());
    if (end == at || end - at > longest_label) return std::nullopt;
    out += static_cast<char>(end - at);
    for (const char c : text.substr(at, end - at)) out += lower(c);
    at = end + 1;
  }
  out += '\0';
  if (out.size() > longest_name) return std::nullopt;
  return out;
}

std::string text_of(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size() && name[at] != '\0';) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(name[at]));
    if (!out.empty()) out += '.';
    for (const char c : name.substr(at + 1, size)) {
      const bool is_plain = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
      if (is_plain) {
        out += c;
        continue;
      }
      const unsigned byte = static_cast<unsigned char>(c);
      out += '\\';
      for (const unsigned digit : {byte / 100, byte / 10 % 10, byte % 10}) out += static_cast<char>('0' + digit);
    }
    at += size + 1;
  }
  return out.empty() ? "." : out;
}

bool is_within(std::string_view name, std::string_view domain) {
  while (name.size() > domain.size())
    name.remove_prefix(1 + static_cast<std::size_t>(static_cast<unsigned char>(name[0])));
  return name == domain;
}

std::string reverse_name(std::string_view address) {
  std::string text;
  for (auto byte = address.rbegin(); byte != address.rend(); ++byte) {
    const auto value = static_cast<unsigned char>(*byte);
    if (address.size() == 4) {
      text += std::to_string(value) + ".";
    } else {
      for (const unsigned digit : {value & 0xfu, value >> 4 & 0xfu})
        text += std::string(1, "0123456789abcdef"[digit]) + ".";
    }
  }
  return name_of(text + (address.size() == 4 ? "in-addr.arpa" : "ip6.arpa")).value_or("");
}

std::optional<std::string> address_of_reverse(std::string_view name) {
  std::string out;
  if (const auto bytes = labels_below(name, under_ipv4)) {
    if (bytes->size() != 4) return std::nullopt;
    for (auto label = bytes->rbegin(); label != bytes->rend(); ++label) {
      unsigned value = 0;
      if (label->size() > 3 || (label->size() > 1 && label->front() == '0')) return std::nullopt;
      for (const char c : *label) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
      }
      if (value > 255) return std::nullopt;
      out += static_cast<char>(value);
    }
    return out;
  }
  const auto digits = labels_below(name, under_ipv6);
  if (!digits || digits->size() != 32) return std::nullopt;
  for (std::size_t i = 32; i > 0; i -= 2) {
    const auto high = (*digits)[i - 1], low = (*digits)[i - 2];
    if (high.size() != 1 || low.size() != 1 || value_of_hex(high[0]) < 0 || value_of_hex(low[0]) < 0)
      return std::nullopt;
    out += static_cast<char>(value_of_hex(high[0]) << 4 | value_of_hex(low[0]));
  }
  return out;
}

std::size_t query::largest_answer() const {
  return udp_limit ? std::clamp(*udp_limit, smallest_udp_limit, largest_udp_answer) : smallest_udp_limit;
}

received_query parse_query(std::string_view message) {
  if (message.size() < header_size || (flags_in(message) & is_answer) != 0) return {};
  reader from(message);
  const header h = take_header(from);
  if ((h.flags & opcode_bits) != 0) return {std::nullopt, response_code::not_implemented};
  query out;
  out.id = h.id;
  if (h.counts[0] != 1 || h.counts[1] != 0 || h.counts[2] != 0) return {std::nullopt, response_code::format_error};
  out.asked = take_question(from);
  if (!from.good()) return {std::nullopt, response_code::format_error};
  out.head = message.substr(0, from.at());
  for (unsigned i = 0; i < h.counts[3]; ++i) {
    const record r = take_record(from);
    if (!from.good() || (r.type == record_type::opt && out.udp_limit))
      return {std::nullopt, response_code::format_error};
    if (r.type == record_type::opt) out.udp_limit = r.klass;
  }
  return {std::move(out), std::nullopt};
}

std::string make_answer(const query& to, response_code code, const std::vector<answer_record>& records,
                        std::size_t limit) {
  std::string out = answer_head(to, static_cast<unsigned>(code), authoritative);
  const std::size_t options_size = to.udp_limit ? 11 : 0;
  for (const answer_record& r : records) {
    put_16(out, 0xc000u + header_size);  // a pointer to the question's name
    put_16(out, static_cast<unsigned>(r.type));
    put_16(out, class_internet);
    out.append(4, '\0');
    put_16(out, static_cast<unsigned>(r.data.size()));
    out += r.data;
    if (out.size() + options_size > limit) return truncated(to);
  }
  put_at(out, 6, static_cast<unsigned>(records.size()), 2);
  if (to.udp_limit) put_options(out);
  return out;
}

std::string truncated(const query& to) {
  std::string out = answer_head(to, static_cast<unsigned>(response_code::no_error), is_cut);
  if (to.udp_limit) put_options(out);
  return out;
}

std::string error_answer(std::string_view message, response_code code) {
  std::string out(message.substr(0, std::min<std::size_t>(message.size(), 4)));
  out.resize(header_size);
  put_at(out, 2, (flags_in(out) & (opcode_bits | recursion_desired)) | is_answer | static_cast<unsigned>(code), 2);
  return out;
}

std::optional<received_answer> parse_answer(std::string_view message, const query& to) {
  reader from(message);
  const header h = take_header(from);
  if (!from.good() || (h.flags & is_answer) == 0 || h.id != to.id) return std::nullopt;
  // Servers that cannot read a query answer with a header alone.
  if (message.size() == header_size && h.counts[0] == 0 && (h.flags & code_bits) != 0)
    return received_answer{.code = static_cast<std::uint8_t>(h.flags & code_bits)};
  if (h.counts[0] != 1) return std::nullopt;
  const question asked = take_question(from);
  if (!from.good() || asked.name != to.asked.name || asked.type != to.asked.type || asked.klass != to.asked.klass)
    return std::nullopt;
  received_answer out;
  out.is_truncated = (h.flags & is_cut) != 0;
  out.code = static_cast<std::uint8_t>(h.flags & code_bits);
  std::optional<std::uint32_t> least, negative;
  for (std::size_t section = 1; section < h.counts.size(); ++section) {
    for (unsigned i = 0; i < h.counts[section]; ++i) {
      const record r = take_record(from);
      // Servers cut an answer anywhere when they say that it is truncated.
      if (!from.good()) return out.is_truncated ? std::optional(out) : std::nullopt;
      if (r.type == record_type::opt) continue;
      out.ttl_places.push_back(r.ttl_place);
      least = std::min(least.value_or(r.ttl), r.ttl);
      if (r.type == record_type::soa && section == 2 && r.data.size() >= 4) {
        reader minimum(r.data, r.data.size() - 4);  // of RFC 2308, 4
        negative = std::min(minimum.take_32(), r.ttl);
      }
      if (section != 1 || r.klass != class_internet) continue;
      if ((r.type == record_type::a && r.data.size() == 4) || (r.type == record_type::aaaa && r.data.size() == 16))
        out.addresses.emplace_back(r.data);
    }
  }
  if (h.counts[1] > 0) {
    out.ttl = least;
  } else {
    out.ttl = negative;
  }
  return out;
}

std::string plain_query(const query& of) {
  std::string out = of.head.substr(0, header_size);
  put_at(out, 2, flags_in(out) & (recursion_desired | checking_disabled), 2);
  put_at(out, 10, of.udp_limit ? 1 : 0, 2);
  out += of.asked.name;
  put_16(out, static_cast<unsigned>(of.asked.type));
  put_16(out, of.asked.klass);
  if (of.udp_limit) put_options(out);
  return out;
}

void give_back_question(std::string& answer, const query& to) {
  const std::size_t size = to.head.size() - header_size;
  if (answer.size() >= to.head.size()) answer.replace(header_size, size, to.head, header_size, size);
}

void set_id(std::string& message, std::uint16_t id) {
  if (message.size() >= 2) put_at(message, 0, id, 2);
}

void make_older(std::string& message, const std::vector<std::size_t>& ttl_places, std::uint32_t age) {
  for (const std::size_t place : ttl_places) {
    if (message.size() < place + 4) continue;
    const std::uint32_t ttl = reader(message, place).take_32();
    put_at(message, place, ttl > age && ttl <= longest_ttl ? ttl - age : 0, 4);
  }
}

}  // namespace lxr::io::dns
