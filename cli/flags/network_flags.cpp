// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/network_flags.hpp"

#include <algorithm>

#include "cli/flags/flag_values.hpp"
#include "cli/flags/network_words.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/model/network_record.hpp"

namespace lxr::cli {

void network_flags::add_to(flag_set& app, network_options& options) {
  app.add_option(
         "--net,--network",
         [this, &options](const std::string& word) {
           add_network(options, word);
           (options.mode == network_mode::bridge ? has_network_ : has_mode_) = true;
         },
         "bridge, none, host, container:NAME, ns:PATH, or networks by name: NAME:ip=ADDRESS,mac=MAC,alias=ALIAS")
      ->takes("NETWORK", value_source::networks)
      ->repeated();
  app.add_option(
         "--ip", [this](const std::string& word) { address_ = check_ipv4(word, "--ip"); },
         "IPv4 address in the network")
      ->takes("ADDRESS");
  app.add_option(
         "--mac-address", [this](const std::string& word) { mac_ = check_mac(word, "--mac-address"); },
         "MAC address of the link")
      ->takes("MAC");
  app.add_option(
         "--network-alias",
         [&options](const std::string& word) { options.aliases.push_back(check_alias(word, "--network-alias")); },
         "Another name of the container in its networks")
      ->takes("NAME")
      ->repeated();
  app.add_option(
         "--egress", [&options](const std::string& word) { add_egress(options, word); },
         "All that the container may reach: addresses, subnets, domains, *.DOMAIN, with commas between; or none")
      ->takes("LIST")
      ->repeated();
  add_port_flags(app, options);
  add_name_flags(app, options);
}

void network_flags::add_port_flags(flag_set& app, network_options& options) {
  app.add_option(
         "-p,--publish", [&options](const std::string& word) { options.ports.push_back(parse_publish(word)); },
         "Publish a port at one of the host: 8080:80, 127.0.0.1:53:53/udp, 7000-7009:7000-7009, 80")
      ->takes("[[ADDRESS:]HOST:]PORT[/PROTOCOL]")
      ->repeated();
  app.add_flag("-P,--publish-all", options.publish_all, "Publish all exposed ports at free ones of the host");
  app.add_option(
         "--expose",
         [&options](const std::string& word) {
           static_cast<void>(parse_port_range(word, "use --expose"));
           options.exposed.push_back(word);
         },
         "Expose a port, as the image does, for --publish-all")
      ->takes("PORT[-LAST][/PROTOCOL]")
      ->repeated();
}

void network_flags::add_name_flags(flag_set& app, network_options& options) {
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
  app.add_option(
         "--add-host",
         [&options](const std::string& word) {
           for (std::string& entry : parse_host_entry(word)) options.hosts.push_back(std::move(entry));
         },
         "Add a name to /etc/hosts: db:10.5.0.7; host-gateway stands for the host's address")
      ->takes("NAME:ADDRESS")
      ->repeated();
  app.add_option(
         "--dns", [&options](const std::string& word) { options.dns.push_back(check_address(word, "--dns")); },
         "Ask this DNS server (the host's)")
      ->takes("ADDRESS")
      ->repeated();
  app.add_option(
         "--dns-search",
         [&options](const std::string& word) {
           options.dns_search.push_back(check_resolver_word(word, "--dns-search"));
         },
         "Complete names with this domain (the host's); . for none")
      ->takes("DOMAIN")
      ->repeated();
  app.add_option(
         "--dns-opt,--dns-option",
         [&options](const std::string& word) {
           options.dns_options.push_back(check_resolver_word(word, "--dns-option"));
         },
         "Option of resolv.conf (the host's)")
      ->takes("OPTION")
      ->repeated();
  app.add_flag("--no-hosts", options.no_hosts, "Leave /etc/hosts as the image has it");
  app.add_flag("--no-hostname", options.no_hostname, "Leave /etc/hostname as the image has it");
}

namespace {

// Ports cannot be published where the container has no link of its own. Docker takes the flags with a warning for the
// host's network, and without a word for none.
void judge_ports(const network_options& options) {
  if (options.mode == network_mode::bridge || (options.ports.empty() && !options.publish_all)) return;
  if (options.mode == network_mode::host || options.mode == network_mode::none) {
    print_note(std::string("warning: published ports are discarded with --network ") + to_word(options.mode));
    return;
  }
  throw error(errc::invalid_argument, "use --publish", "", "the container has a network that is not its own",
              "publish the ports of the container that it belongs to");
}

void judge_egress(const network_options& options) {
  if (!options.egress || options.mode == network_mode::bridge || options.mode == network_mode::none) return;
  throw error(errc::invalid_argument, "use", "--egress", "the container has a network that is not its own",
              "leave out --network " + std::string(to_word(options.mode)));
}

// The default network has no names.
void judge_aliases(const network_options& options) {
  const auto is_default = [](const network_request& n) { return n.name == default_network; };
  const bool lacks_network = !options.aliases.empty() && (options.mode != network_mode::bridge ||
                                                          std::ranges::all_of(options.networks, is_default));
  const bool is_useless = std::ranges::any_of(
      options.networks, [&](const network_request& n) { return is_default(n) && !n.aliases.empty(); });
  if (!lacks_network && !is_useless) return;
  throw error(errc::invalid_argument, "use", "--network-alias", "names are for containers in networks of your own",
              "make one: lxr network create NAME, and add --network NAME");
}

}  // namespace

void network_flags::finish(network_options& options) const {
  judge_ports(options);
  judge_aliases(options);
  judge_egress(options);
  if (has_mode_ && has_network_) {
    throw error(errc::invalid_argument, "use --network", '"' + options.networks.front().name + '"',
                "with none, host, a container or a path there is no other network", "leave one of them out");
  }
  const bool asks = !address_.empty() || !mac_.empty();
  if (!asks) return;
  if (options.mode != network_mode::bridge) {
    throw error(errc::invalid_argument, "use", "--ip and --mac-address", "",
                "they are for a network with links, not for --network " + std::string(to_word(options.mode)));
  }
  if (options.networks.empty()) {
    network_request one;
    one.name = default_network;
    options.networks.push_back(std::move(one));
  }
  network_request& first = options.networks.front();
  if (!address_.empty()) first.address = address_;
  if (!mac_.empty()) first.mac = mac_;
}

}  // namespace lxr::cli
