// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/integration/support.hpp"

namespace lxr::test {

// A host of its own for lxr, so that its firewall and routes can be changed at will: a network namespace, in which the
// host has the address 10.253.7.1 on a link to another host, 10.253.7.2, which has its default route through it.
class simulated_host : public installation {
 protected:
  void SetUp() override { probe_ = probe_image(); }

  // Runs lines of bash there, in which
  //   lxr WORDS...     calls lxr for the instance of this test
  //   network WORDS... calls `lxr network create`, without its output
  //   serve NAME ...   starts the container NAME, with these flags, which runs `network_probe serve 80`
  //   ask WORDS...     asks from the host, as `network_probe ask`, with the lines of the answer joined
  //   far WORDS...     runs a command on the other host;   far_ask, in_ask CONTAINER: ask from there
  //   address NAME [NETWORK]   the address of a container
  //   resolve NAME WORD        asks there, as `network_probe resolve`
  //   query NAME WORDS...      asks from there with dig(1); prints the status and the data of the answer's records
  //   upstream WORDS...        runs dnsmasq(8) on the other host, which knows up.test = 192.0.2.7; `heard_of` prints
  //   the
  //                            names that it was asked, each once; the host's resolv.conf(5) then names it
  // The containers of the test are removed at its end. Returns the output, also that of errors.
  std::string on_host(const std::string& script);

  std::string probe_;
};

}  // namespace lxr::test
