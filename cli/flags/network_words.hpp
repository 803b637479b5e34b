// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/options/network.hpp"

namespace lxr::cli {

// The words of --network, --publish and the flags beside them, read as docker and podman do.
// Failure: each throws errc::invalid_argument that names the flag, the word and what is wrong with it, and
// errc::unsupported for what docker or podman know and lxr does not have.

// Adds what --network names: bridge, none, host, container:NAME, ns:PATH or the name of a network, which may have
// options: "NAME:ip=10.5.0.7,mac=02:00:00:00:00:07,alias=db" or "name=NAME,ip=10.5.0.7".
void add_network(network_options& to, const std::string& word);
// "[ADDRESS:][HOST[-LAST]]:CONTAINER[-LAST][/PROTOCOL]", or "CONTAINER" alone for a free port of the host.
port_request parse_publish(const std::string& word);
// Returns "NAME:ADDRESS" of that or of "NAME=ADDRESS", or with several names "A;B:ADDRESS" one entry for each.
std::vector<std::string> parse_host_entry(const std::string& word);
// "none", or a list of addresses, subnets and domains with commas between; may be given several times.
void add_egress(network_options& to, const std::string& word);
// Return the word when it is an address.
std::string check_ipv4(const std::string& word, const std::string& flag);
std::string check_address(const std::string& word, const std::string& flag);  // IPv4 or IPv6
// A word of resolv.conf: no blanks and control characters.
std::string check_resolver_word(const std::string& word, const std::string& flag);
// Another name of a container: as a host name, and not empty.
std::string check_alias(const std::string& word, const std::string& flag);
std::string check_mac(const std::string& word, const std::string& flag);

}  // namespace lxr::cli
