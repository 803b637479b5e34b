// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/json_fields.hpp"

namespace lxr {

enum class network_mode { bridge, none, host };
const char* to_word(network_mode mode);
bool from_word(std::string_view word, network_mode& out);

// The network of a container, and its name there.
struct network_options {
  network_mode mode = network_mode::bridge;
  std::string hostname;  // filled in by create: the short id, where the user named none
  std::string domainname;
  bool no_hosts = false, no_hostname = false;  // true: /etc/hosts, or /etc/hostname, is the image's
};

template <class Format, json::same_struct<network_options> T>
void describe(Format& f, T& v) {
  f("network", v.mode);
  f("hostname", v.hostname);
  f("domainname", v.domainname);
  f("noHosts", v.no_hosts);
  f("noHostname", v.no_hostname);
}

}  // namespace lxr
