// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_fields.hpp"
#include "core/model/published_port.hpp"

namespace lxr {

// - bridge: links to networks of lxr.
// - container: the network namespace of another container.
// - path: the network namespace that a file stands for (ip-netns(8)).
enum class network_mode { bridge, none, host, container, path };
const char* to_word(network_mode mode);
bool from_word(std::string_view word, network_mode& out);

// One network that a container is to be linked to, and what it asks there. "" is what lxr chooses.
struct network_request {
  std::string name;
  std::string address, mac;
  std::vector<std::string> aliases;  // further names of the container there
};

// The network of a container, and its name there.
struct network_options {
  network_mode mode = network_mode::bridge;
  std::string joined;                     // container: its id. path: the file
  std::vector<network_request> networks;  // bridge; none listed: the default network
  std::string hostname;                   // filled in by create: the short id, where the user named none
  std::string domainname;
  bool no_hosts = false, no_hostname = false;  // true: /etc/hosts, or /etc/hostname, is the image's
  std::vector<port_request> ports;
  bool publish_all = false;                        // also those that the image, or `exposed`, names
  std::vector<std::string> exposed;                // as "80/tcp"
  std::optional<std::vector<std::string>> egress;  // all that it may reach: addresses, subnets, domains; not set: all
  std::vector<std::string> hosts;    // for /etc/hosts: "NAME:ADDRESS"; host-gateway stands for the host's address
  std::vector<std::string> aliases;  // further names of the container in all of its networks
  std::vector<std::string> dns, dns_search, dns_options;  // for resolv.conf; none: as the host has them
};

template <class Format, json::same_struct<network_request> T>
void describe(Format& f, T& v) {
  f("name", v.name);
  f("address", v.address);
  f("mac", v.mac);
  f("aliases", v.aliases);
}

template <class Format, json::same_struct<network_options> T>
void describe(Format& f, T& v) {
  f("network", v.mode);
  f("joined", v.joined);
  f("networks", v.networks);
  f("hostname", v.hostname);
  f("domainname", v.domainname);
  f("noHosts", v.no_hosts);
  f("noHostname", v.no_hostname);
  f("ports", v.ports);
  f("publishAll", v.publish_all);
  f("exposed", v.exposed);
  f("egress", v.egress);
  f("hosts", v.hosts);
  f("aliases", v.aliases);
  f("dns", v.dns);
  f("dnsSearch", v.dns_search);
  f("dnsOptions", v.dns_options);
}

}  // namespace lxr
