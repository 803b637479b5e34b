// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/commands/command.hpp"
#include "cli/flags/lifecycle_flags.hpp"
#include "cli/flags/network_words.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/container/connection.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/networks.hpp"
#include "pipeline/network/restore.hpp"

namespace lxr::cli {
namespace {

// Splits "KEY=VALUE" of -o. Options that docker's users know as such and that lxr has are fields of the record.
void take_option(network_record& n, const std::string& word) {
  const auto equals = word.find('=');
  const std::string key = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (key == "mtu" || key == "com.docker.network.driver.mtu") {
    const bool good =
        !value.empty() && value.size() < 6 && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    n.mtu = good ? std::stoi(value) : 0;
    if (n.mtu < 68 || n.mtu > 65535)
      throw error(errc::invalid_argument, "use --opt", '"' + word + '"', "an MTU is a number from 68 to 65535");
    return;
  }
  throw error(errc::unsupported, "use --opt", '"' + word + '"', "lxr has no such option of a network; it has mtu");
}

int network_create(const invocation& call) {
  flag_set app("Create a network and print its id.", "network create", "lxr network create --subnet 10.5.0.0/24 back");
  network_record wanted;
  app.add_option("-d,--driver", wanted.driver, "bridge")->one_of({"bridge"});
  app.add_option("--subnet", wanted.subnet, "Its addresses: 10.5.0.0/24 (a free private subnet)")->takes("SUBNET");
  app.add_option("--gateway", wanted.gateway, "The host's address in it (the first)")->takes("ADDRESS");
  app.add_option("--ip-range", wanted.ip_range, "Those that containers get without asking (all)")->takes("SUBNET");
  app.add_flag("--internal", wanted.is_internal, "Nothing leads out of it");
  app.add_flag("--disable-dns", wanted.disable_dns, "Its containers do not find each other by name");
  app.add_option(
         "-o,--opt", [&wanted](const std::string& word) { take_option(wanted, word); }, "mtu=BYTES")
      ->takes("KEY=VALUE")
      ->repeated();
  add_label_flag(app, wanted.labels);
  bool ignore = false;
  app.add_flag("--ignore", ignore, "One that exists is no error");
  app.lacks(
      "--aux-address --attachable --config-from --config-only --ingress --ipam-driver --ipam-opt --ipv4 --ipv6 --scope "
      "--dns --interface-name --route");
  app.add_argument("NAME", wanted.name, "Its name");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  try {
    wanted = network::create(where, wanted);
  } catch (const error& e) {
    if (!ignore || e.code() != errc::already_exists) throw;
    wanted = network::find(where, wanted.name).value_or(wanted);
  }
  print_line(wanted.id);
  return 0;
}

int network_ls(const invocation& call) {
  flag_set app("List networks.", "network ls", "lxr network ls -q");
  bool quiet = false, whole = false;
  app.add_flag("-q,--quiet", quiet, "Only names");
  app.add_flag("--no-trunc", whole, "Nothing shortened");
  if (const auto done = parse(app, call)) return *done;
  table t({"NETWORK ID", "NAME", "DRIVER", "SCOPE", "SUBNET"});
  for (const network_record& n : network::list(call.open())) {
    if (quiet) print_line(n.name);
    t.add({whole ? n.id : short_id(n.id), n.name, n.driver, "local", n.subnet});
  }
  if (!quiet) t.print();
  return 0;
}

// The containers that have an address in the network, as docker shows them.
json::object members_of(const instance& where, const std::string& name) {
  json::object out;
  for (const std::string& id : list_containers(where)) {
    container_state s;
    quietly([&] { s = load_state(where, id); });
    for (const network_place& p : s.networks) {
      if (p.network != name || s.status != container_status::running) continue;
      out[id] = json::object{{"Name", s.name},
                             {"MacAddress", p.mac},
                             {"IPv4Address", p.address + "/" + std::to_string(p.prefix)},
                             {"IPv6Address", ""}};
    }
  }
  return out;
}

json::object shown(const instance& where, const network_record& n) {
  json::object range{{"Subnet", n.subnet}, {"Gateway", n.gateway}};
  if (!n.ip_range.empty()) range["IPRange"] = n.ip_range;
  json::object options;
  if (n.mtu != 0) options["com.docker.network.driver.mtu"] = std::to_string(n.mtu);
  return {{"Name", n.name},
          {"Id", n.id},
          {"Created", format_time(n.created_ns)},
          {"Scope", "local"},
          {"Driver", n.driver},
          {"EnableIPv6", false},
          {"IPAM", json::object{{"Driver", "default"}, {"Config", json::array{std::move(range)}}}},
          {"Internal", n.is_internal},
          {"Containers", members_of(where, n.name)},
          {"Options", std::move(options)},
          {"Labels", json::from(n.labels)}};
}

int network_inspect(const invocation& call) {
  flag_set app("Show everything known about networks, as a JSON array.", "network inspect", "lxr network inspect back");
  std::vector<std::string> words;
  app.add_argument("NETWORK", words, "Names or ids", value_source::networks);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  json::array out;
  int code = 0;
  for (const std::string& word : words) {
    if (const auto found = network::find(where, word)) {
      out.push_back(shown(where, *found));
      continue;
    }
    print_error("cannot inspect \"" + word + "\": network " + word + " not found");
    code = 1;
  }
  print_json_pretty(out);
  return code;
}

int network_rm(const invocation& call) {
  flag_set app("Remove networks that no container has.", "network rm", "lxr network rm back");
  std::vector<std::string> words;
  bool force = false;
  app.add_flag("-f,--force", force, "Missing ones are not an error");
  app.add_argument("NETWORK", words, "Names or ids", value_source::networks);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  int code = 0;
  for (const std::string& word : words) {
    try {
      network::remove(where, word);
      print_line(word);
    } catch (const error& e) {
      if (force && e.code() == errc::not_found) continue;
      report_failure(std::current_exception());
      code = 1;
    }
  }
  return code;
}

int network_prune(const invocation& call) {
  flag_set app("Remove networks that no container has.", "network prune", "lxr network prune -f");
  bool force = false;
  app.add_flag("-f,--force", force, "Do not ask");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  if (!force && !confirm("This removes all networks that no container has.")) return 0;
  const std::vector<std::string> gone = network::prune(where);
  if (!gone.empty()) print_line("Deleted Networks:");
  for (const std::string& name : gone) print_line(name);
  return 0;
}

int network_connect(const invocation& call) {
  flag_set app("Link a container to one more network.", "network connect", "lxr network connect back web");
  network_request wanted;
  std::string word;
  app.add_option(
         "--ip", [&wanted](const std::string& address) { wanted.address = check_ipv4(address, "--ip"); },
         "IPv4 address in the network")
      ->takes("ADDRESS");
  app.add_option(
         "--mac-address", [&wanted](const std::string& mac) { wanted.mac = check_mac(mac, "--mac-address"); },
         "MAC address of the link")
      ->takes("MAC");
  app.add_option(
         "--alias", [&wanted](const std::string& alias) { wanted.aliases.push_back(check_alias(alias, "--alias")); },
         "Another name of the container in the network")
      ->takes("NAME")
      ->repeated();
  app.lacks("--driver-opt --gw-priority --ip6 --link --link-local-ip");
  app.add_argument("NETWORK", wanted.name, "Its name or id", value_source::networks);
  app.add_argument("CONTAINER", word, "Its name or id", value_source::containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  asio::io_context loop(1);
  run(loop, container::connect_network(where, resolve_container(where, word), wanted));
  return 0;
}

int network_disconnect(const invocation& call) {
  flag_set app("Take a container out of a network.", "network disconnect", "lxr network disconnect back web");
  std::string network, word;
  bool force = false;
  app.add_flag("-f,--force", force, "One that is not in it is no error");
  app.add_argument("NETWORK", network, "Its name or id", value_source::networks);
  app.add_argument("CONTAINER", word, "Its name or id", value_source::containers);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  asio::io_context loop(1);
  try {
    run(loop, container::disconnect_network(where, resolve_container(where, word), network));
  } catch (const error& e) {
    if (!force || e.code() != errc::not_found) throw;
  }
  network::remove_unused(where);
  return 0;
}

int network_reload(const invocation& call) {
  flag_set app("Make the firewall of all networks anew, after another program has flushed it.", "network reload",
               "lxr network reload");
  std::vector<std::string> words;
  bool all = false;
  app.add_flag("-a,--all", all, "All containers, which is what it does anyway");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  network::reload_firewall(where);
  restore_names(where);
  return 0;
}

constexpr command commands[] = {
    {"create", network_create, "Create a network"},
    {"ls", network_ls, "List networks"},
    {"inspect", network_inspect, "Show everything known about networks, as JSON"},
    {"rm", network_rm, "Remove networks"},
    {"connect", network_connect, "Link a container to one more network"},
    {"disconnect", network_disconnect, "Take a container out of a network"},
    {"prune", network_prune, "Remove networks that no container has"},
    {"reload", network_reload, "Make the firewall of all networks anew"},
};

}  // namespace

int cmd_network(const invocation& call) { return dispatch(call, "network", commands); }

}  // namespace lxr::cli
