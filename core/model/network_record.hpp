// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/json_fields.hpp"

namespace lxr {

// A network as the user defined it: root/networks/<name>.json. The default network, "bridge", has no record; its subnet
// is chosen anew whenever the kernel has no such network.
struct network_record {
  std::string name, id;         // id: 64 hex digits
  std::int64_t created_ns = 0;  // of Unix time
  std::string driver;           // "bridge"
  std::string subnet, gateway;  // "10.5.0.0/24", "10.5.0.1"
  std::string ip_range;         // the addresses that containers get without asking; "" for all of the subnet
  bool is_internal = false;     // nothing leads out of it
  bool disable_dns = false;     // its containers do not find each other by name
  int mtu = 0;                  // of its links; 0: the kernel's choice
  std::map<std::string, std::string> labels, options;
};

template <class Format, json::same_struct<network_record> T>
void describe(Format& f, T& v) {
  f("name", v.name);
  f("id", v.id);
  f("created", v.created_ns);
  f("driver", v.driver);
  f("subnet", v.subnet);
  f("gateway", v.gateway);
  f("ipRange", v.ip_range);
  f("internal", v.is_internal);
  f("disableDns", v.disable_dns);
  f("mtu", v.mtu);
  f("labels", v.labels);
  f("options", v.options);
}

inline constexpr const char* default_network = "bridge";

}  // namespace lxr
