// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json_fields.hpp"

// What other lxr processes tell the resolver of an instance (resolver.hpp): messages of JSON on a SOCK_SEQPACKET
// socket, each answered by one name_answer, in their order.
namespace lxr::network {

// A network, and with the message one of the two sockets that are bound to its gateway's address.
struct served_network {
  std::string directory;  // of the state directory, as in layout: one network for ever
  std::string gateway;    // "10.5.0.1"
  std::string range;      // "10.5.0.0/24"
  std::string protocol;   // of the socket: "udp" or "tcp"
};

// A container's place in a network.
struct named_place {
  std::string network;             // served_network::directory
  std::string address;             // "10.5.0.2"
  std::vector<std::string> names;  // that lead to it there, the container's own first
};

// The restriction of a container with --egress.
struct named_egress {
  std::vector<std::string> links;    // the host's ends
  std::vector<std::string> domains;  // the only ones that it may ask for; "*.example.org" for those below that
};

// A container, and with the message a pidfd of its first process: its names end with that. One that is known already
// is replaced.
struct named_container {
  std::string id;
  std::string process;               // identifies the first process; the same one is not watched twice
  std::vector<named_place> places;   // none: it has no names any more
  std::vector<std::string> servers;  // that its other questions are forwarded to; none: those of the host
  bool leads_out = false;            // its other questions are forwarded
  std::optional<named_egress> egress;
};

// With is_egress_helper comes a channel to the helper that changes the firewall (egress_helper.hpp).
struct name_message {
  std::optional<served_network> network;
  std::optional<named_container> container;
  bool is_egress_helper = false;
  bool begins_all = false, ends_all = false;  // around the messages about all containers, to a new resolver
};

struct name_answer {
  std::string unknown_network;       // the container's message was refused: first comes this network
  bool lacks_egress_helper = false;  // the same: first comes the helper
  std::string failure;               // the message was refused for this reason
};

// The most bytes that a message may have.
inline constexpr std::size_t name_message_limit = 64u << 10;

template <class Format, json::same_struct<served_network> T>
void describe(Format& f, T& v) {
  f("directory", v.directory);
  f("gateway", v.gateway);
  f("range", v.range);
  f("protocol", v.protocol);
}

template <class Format, json::same_struct<named_place> T>
void describe(Format& f, T& v) {
  f("network", v.network);
  f("address", v.address);
  f("names", v.names);
}

template <class Format, json::same_struct<named_egress> T>
void describe(Format& f, T& v) {
  f("links", v.links);
  f("domains", v.domains);
}

template <class Format, json::same_struct<named_container> T>
void describe(Format& f, T& v) {
  f("id", v.id);
  f("process", v.process);
  f("places", v.places);
  f("servers", v.servers);
  f("leadsOut", v.leads_out);
  f("egress", v.egress);
}

template <class Format, json::same_struct<name_message> T>
void describe(Format& f, T& v) {
  f("network", v.network);
  f("container", v.container);
  f("isEgressHelper", v.is_egress_helper);
  f("beginsAll", v.begins_all);
  f("endsAll", v.ends_all);
}

template <class Format, json::same_struct<name_answer> T>
void describe(Format& f, T& v) {
  f("unknownNetwork", v.unknown_network);
  f("lacksEgressHelper", v.lacks_egress_helper);
  f("failure", v.failure);
}

}  // namespace lxr::network
