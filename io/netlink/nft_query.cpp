// SPDX-License-Identifier: Apache-2.0
// What nf_tables has: the questions of nft.hpp.
#include <endian.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"
#include "io/netlink/nft.hpp"
#include "io/netlink/nft_message.hpp"

namespace lxr::io::netlink::nft {
namespace {

std::string comment_in(std::string_view data) {
  if (data.size() < 3 || data[0] != 0) return {};
  const std::size_t length = static_cast<unsigned char>(data[1]);
  return length > 0 && length <= data.size() - 2 ? std::string(data.substr(2, length - 1)) : std::string();
}

bytes value_inside(const nlattr* nest) {
  bytes out;
  for_each_inside(nest, [&out](const nlattr* a) {
    if (attr_type(a) == NFTA_DATA_VALUE) out = attr_bytes(a);
    if (attr_type(a) != NFTA_DATA_VERDICT) return;
    for_each_inside(a, [&out](const nlattr* v) {
      if (attr_type(v) == NFTA_VERDICT_CHAIN) out = attr_text(v);
    });
  });
  return out;
}

// As socket::dump(); of what does not exist there is no message.
template <class Each>
void dump_existing(const batch& request, Each each) {
  try {
    netfilter_socket().dump(request, each);
  } catch (const error& e) {
    if (e.code() != std::errc::no_such_file_or_directory) throw;
  }
}

element parse_element(const nlattr* nest) {
  element out;
  for_each_inside(nest, [&out](const nlattr* a) {
    if (attr_type(a) == NFTA_SET_ELEM_KEY) out.key = value_inside(a);
    if (attr_type(a) == NFTA_SET_ELEM_DATA) out.data = value_inside(a);
    if (attr_type(a) == NFTA_SET_ELEM_USERDATA) out.comment = comment_in(attr_bytes(a));
  });
  return out;
}

}  // namespace

std::vector<table> list_tables() {
  batch request;
  start_message(request, 0, NFT_MSG_GETTABLE, NLM_F_DUMP, "nft tables");
  request.finish();
  std::vector<table> out;
  netfilter_socket().dump(request, [&out](const nlmsghdr* h) {
    const auto* header = header_of<nfgenmsg>(h);
    if (header == nullptr) return;
    table t{static_cast<family>(header->nfgen_family), {}, {}};
    for_each_attribute(h, sizeof(nfgenmsg), [&t](const nlattr* a) {
      if (attr_type(a) == NFTA_TABLE_NAME) t.name = attr_text(a);
      if (attr_type(a) == NFTA_TABLE_USERDATA) t.comment = comment_in(attr_bytes(a));
    });
    out.push_back(std::move(t));
  });
  return out;
}

namespace {

nlmsghdr* start_question(batch& b, family of, std::uint16_t flags, const std::string& table, const std::string& set) {
  nlmsghdr* h =
      start_message(b, static_cast<std::uint8_t>(of), NFT_MSG_GETSETELEM, flags, "nft set " + table + "/" + set);
  attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
  attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set.c_str());
  return h;
}

std::vector<element> answers_to(const batch& question) {
  std::vector<element> out;
  dump_existing(question, [&out](const nlmsghdr* m) {
    for_each_attribute(m, sizeof(nfgenmsg), [&out](const nlattr* list) {
      if (attr_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS) return;
      for_each_inside(list, [&out](const nlattr* one) { out.push_back(parse_element(one)); });
    });
  });
  return out;
}

}  // namespace

std::vector<element> list_elements(family of, const std::string& table, const std::string& set) {
  batch question;
  start_question(question, of, NLM_F_DUMP, table, set);
  question.finish();
  return answers_to(question);
}

std::optional<element> find_element(family of, const std::string& table, const std::string& set, std::string_view key) {
  batch question;
  nlmsghdr* h = start_question(question, of, NLM_F_ACK, table, set);
  nlattr* list = attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr* one = attr_nest_start(h, NFTA_LIST_ELEM);
  put_data(h, NFTA_SET_ELEM_KEY, key);
  attr_nest_end(h, one);
  attr_nest_end(h, list);
  question.finish();
  auto found = answers_to(question);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<std::string> list_chains(family of, const std::string& table) {
  batch request;
  start_message(request, static_cast<std::uint8_t>(of), NFT_MSG_GETCHAIN, NLM_F_DUMP, "nft table " + table);
  request.finish();
  std::vector<std::string> out;
  dump_existing(request, [&](const nlmsghdr* m) {
    std::string name, in;
    for_each_attribute(m, sizeof(nfgenmsg), [&](const nlattr* a) {
      if (attr_type(a) == NFTA_CHAIN_NAME) name = attr_text(a);
      if (attr_type(a) == NFTA_CHAIN_TABLE) in = attr_text(a);
    });
    if (in == table) out.push_back(std::move(name));  // the kernel tells the chains of all tables
  });
  return out;
}

std::vector<listed_rule> list_rules(family of, const std::string& table, const std::string& chain) {
  batch request;
  nlmsghdr* h = start_message(request, static_cast<std::uint8_t>(of), NFT_MSG_GETRULE, NLM_F_DUMP,
                              "nft chain " + table + "/" + chain);
  attr_put_strz(h, NFTA_RULE_TABLE, table.c_str());
  attr_put_strz(h, NFTA_RULE_CHAIN, chain.c_str());
  request.finish();
  std::vector<listed_rule> out;
  dump_existing(request, [&out](const nlmsghdr* m) {
    listed_rule r;
    for_each_attribute(m, sizeof(nfgenmsg), [&r](const nlattr* a) {
      if (attr_type(a) == NFTA_RULE_USERDATA) r.comment = comment_in(attr_bytes(a));
      if (attr_type(a) != NFTA_RULE_HANDLE || attr_bytes(a).size() < sizeof r.handle) return;
      std::memcpy(&r.handle, attr_bytes(a).data(), sizeof r.handle);
      r.handle = be64toh(r.handle);
    });
    out.push_back(std::move(r));
  });
  return out;
}

}  // namespace lxr::io::netlink::nft
