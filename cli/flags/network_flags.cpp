// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/network_flags.hpp"

#include "cli/flags/flag_values.hpp"

namespace lxr::cli {

void add_network_flags(flag_set& app, network_options& options) {
  app.add_option(
         "-h,--hostname",
         [&options](const std::string& name) {
           check_hostname(name, "--hostname");
           options.hostname = name;
         },
         "Host name of the container (its short id)")
      ->takes("NAME");
  app.add_option(
         "--domainname",
         [&options](const std::string& name) {
           check_hostname(name, "--domainname");
           options.domainname = name;
         },
         "NIS domain name of the container")
      ->takes("NAME");
  app.add_flag("--no-hosts", options.no_hosts, "Leave /etc/hosts as the image has it");
  app.add_flag("--no-hostname", options.no_hostname, "Leave /etc/hostname as the image has it");
  app.add_option(
         "--net,--network",
         [&options](const std::string& word) {
           if (!from_word(word, options.mode))
             refuse_value("--network", word, "there is no such network; the networks are bridge, none and host");
         },
         "bridge, none or host")
      ->takes("NETWORK", value_source::networks);
}

}  // namespace lxr::cli
