// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>

#include <set>

#include "core/async/run.hpp"
#include "core/base/file.hpp"
#include "core/instance/number_pool.hpp"
#include "core/instance/paths.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/container/remove.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using network = installation;

TEST_F(network, containers_reach_each_other_and_the_host_and_it_reaches_them) {
  must({"run", "-d", "--name", "a", small_, "httpd", "-f", "-p", "80", "-h", "/www"});
  must({"run", "-d", "--name", "b", small_, "httpd", "-f", "-p", "80", "-h", "/www"});
  const std::string a = address_of("a"), b = address_of("b");
  EXPECT_NE(a, b);
  const std::string gateway = json::get_string(*json::find_object(inspect("a"), "NetworkSettings"), "Gateway");
  EXPECT_EQ(run_program({"/bin/ping", "-c", "1", "-W", "5", a}).code, 0);
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "b", "wget", "-q", "-O", "-", "http://" + a + "/"}).code == 0; }));
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "a", "wget", "-q", "-O", "-", "http://" + b + "/"}).code == 0; }));
  EXPECT_NE(must({"exec", "a", "cat", "/etc/hosts"}).find(a), std::string::npos);
  EXPECT_TRUE(must({"exec", "a", "ip", "route"}).starts_with("default via " + gateway + " dev eth0"));
}

// Leaving the host is masqueraded: a peer behind another link of the host sees the host's address.
TEST_F(network, what_leaves_the_host_carries_its_address) {
  must({"run", "-d", "--name", "a", small_, "sleep", "1000"});
  const std::string mine = std::to_string(::getpid() % 10000);
  const std::string peer = "lxo" + mine;
  const outcome o = run_program(
      {"/bin/bash", "-c",
       "set -e; unshare -n sleep 100 & pid=$!; trap 'kill $pid' EXIT; until [ \"$(readlink /proc/$pid/ns/net)\" != "
       "\"$(readlink /proc/self/ns/net)\" ]; do :; done; "
       "ip link add " +
           peer + " type veth peer name far netns $pid; ip addr add 10.253.7.1/24 dev " + peer + "; ip link set " +
           peer + " up; nsenter -t $pid -n sh -c 'ip addr add 10.253.7.2/24 dev far; ip link set far up'; " +
           program_path("lxr") + " exec a sh -c 'nc -w 5 10.253.7.2 1 2>&1 || true'"},
      {}, environment());
  EXPECT_NE(o.out.find("refused"), std::string::npos)
      << o.out << o.err;  // the peer has no route back to the container's own subnet
}

TEST_F(network, none_has_only_loopback_and_host_shares_the_hosts) {
  const std::string none = must({"run", "--rm", "--network", "none", small_, "ip", "-o", "link"});
  EXPECT_EQ(std::count(none.begin(), none.end(), '\n'), 1) << none;
  EXPECT_NE(none.find("LOOPBACK,UP"), std::string::npos);
  EXPECT_EQ(must({"run", "--rm", "--network", "host", small_, "readlink", "/proc/self/ns/net"}),
            run_program({"/bin/readlink", "/proc/self/ns/net"}).out);
}

// Issue 11, 1.20 and 3.11.
TEST_F(network, own_names_resolve_without_a_network_and_with_the_hosts) {
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "hostname", "-i"}), "127.0.1.1\n");
  EXPECT_EQ(must({"run", "--rm", "--network", "host", small_, "hostname"}), run_program({"/bin/hostname"}).out);
  const std::string own = run_program({"/bin/cat", "/etc/hosts"}).out;
  EXPECT_TRUE(must({"run", "--rm", "--network", "host", small_, "cat", "/etc/hosts"}).starts_with(own));
}

// Issue 11, 1.9.
TEST_F(network, is_made_beside_a_route_for_all_of_10) {
  const std::string made = " --state " + state_ + " --root " + root_ + " run --rm " + small_ + " hostname -i";
  const auto beside = [&](const std::string& routes, const std::string& setting) {
    return run_program({"/usr/bin/unshare", "-n", "/bin/sh", "-c",
                        "ip link add vpn type bridge; ip link set vpn up; for r in " + routes +
                            "; do ip route add $r dev vpn; done; " + setting + " " + program_path("lxr") + made},
                       {}, environment());
  };
  must({"pull", "-q", small_});
  EXPECT_TRUE(beside("10.0.0.0/8", "").out.starts_with("172.")) << beside("10.0.0.0/8", "").err;
  EXPECT_TRUE(beside("10.0.0.0/8 172.16.0.0/12", "").out.starts_with("192.168."));
  EXPECT_TRUE(beside("10.0.0.0/8", "LXR_SUBNETS=10.77.0.0/16").out.starts_with("10.77."));
  const outcome none = beside("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", "");
  EXPECT_EQ(none.code, 125);
  EXPECT_NE(none.err.find("LXR_SUBNETS"), std::string::npos) << none.err;
}

// The kernel may still hold the link of whoever had an address before: a link's index follows from its address.
TEST_F(network, an_address_whose_last_link_lingers_can_be_given_again) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  lxr::io::netlink::ipv4 next = *lxr::io::netlink::parse_ipv4(address_of("box")) + 1;
  const std::string id = json::get_string(
      json::parse(must({"network", "inspect", "bridge"}), "inspect").as_array().at(0).as_object(), "Id");
  const auto group = static_cast<std::uint32_t>(std::stoul(id.substr(0, 8), nullptr, 16));
  const std::string index = std::to_string(1u << 30 | ((next ^ group) & ~(3u << 30)));
  const outcome stale = run_program(
      {"/bin/sh", "-c",
       "ip link add lvstale index " + index + " group " + std::to_string(group) + " type veth peer name lvstalepeer"});
  ASSERT_EQ(stale.code, 0) << stale.err;
  EXPECT_EQ(must({"run", "--rm", small_, "hostname", "-i"}), lxr::io::netlink::to_string(next) + "\n");
  EXPECT_EQ(run_program({"/bin/sh", "-c", "ip -o link | grep lvstale"}).out, "");
}

TEST_F(network, addresses_come_back) {
  must({"run", "-d", "--name", "keep", small_, "sleep", "1000"});
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) seen.insert(must({"run", "--rm", small_, "hostname", "-i"}));
  EXPECT_EQ(seen.size(), 5u);  // not the same one at once: caches of neighbours stay right
  EXPECT_FALSE(seen.contains(address_of("keep") + "\n"));
}

// Issue 11, 1.17: of instances whose directories are gone.
TEST_F(network, what_an_instance_left_that_is_gone_is_swept) {
  const std::string root = dir_.path() + "/root2", state = dir_.path() + "/state2";
  must({"--root", root, "--state", state, "run", "-d", "--name", "box", small_, "sleep", "1000"});
  const std::string tag = instance::open(root, state).tag();
  const json::object box =
      json::parse(must({"--root", root, "--state", state, "inspect", "box"}), "inspect").as_array().at(0).as_object();
  const auto left = [&] {
    return run_program({"/bin/bash", "-c",
                        "ip -o link | grep -o lxr" + tag + "; nft list tables | grep -o lxr-" + tag +
                            "; find /sys/fs/cgroup -maxdepth 2 -name lxr-" + tag})
        .out;
  };
  EXPECT_NE(left().find("lxr" + tag + "\nlxr-" + tag + "\n/sys"), std::string::npos) << left();
  std::filesystem::remove_all(state);
  std::filesystem::remove_all(root);
  must({"system", "prune", "-f"});
  EXPECT_NE(left().find("lxr" + tag + "\nlxr-" + tag + "\n/sys"), std::string::npos)
      << left();  // a container runs there
  for (const char* process : {"MonitorPid", "Pid"})
    ::kill(static_cast<pid_t>(json::get_int(*json::find_object(box, "State"), process)), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    must({"system", "prune", "-f"});
    return left().empty();
  })) << left();
}

// Issue 11, 1.17: a command of an instance that was wiped and made anew still runs.
TEST_F(network, what_lingers_of_a_wiped_instance_harms_no_new_one) {
  must({"run", "-d", "--name", "first", small_, "sleep", "1000"});
  const instance old = instance::open(root_, state_);
  remove_all();
  EXPECT_TRUE(
      eventually([&] { return run_program({"/bin/bash", "-c", "ip -o link | grep lxr" + old.tag()}).out.empty(); }));
  std::filesystem::remove_all(state_);
  std::filesystem::remove_all(root_);
  must({"run", "-d", "--name", "second", small_, "httpd", "-f", "-p", "80", "-h", "/www"});
  asio::io_context loop(1);
  lxr::run(loop, container::settle(old, io::cgroup::layout::detect(), {}));
  EXPECT_EQ(status_of("second"), "running");
  EXPECT_EQ(run_program({"/bin/ping", "-c", "1", "-W", "5", address_of("second")}).code, 0);
  EXPECT_EQ(lxr({"exec", "second", "true"}).code, 0);
}

// Issue 11, 1.20.
TEST_F(network, forwarding_is_switched_on_for_containers_only_and_off_again) {
  must({"pull", "-q", small_});
  const std::string l = program_path("lxr") + " --root " + root_ + " --state " + state_ + " ";
  const std::string prepare =
      "echo 0 > /proc/sys/net/ipv4/ip_forward; ip link add old0 type bridge; ip link add old1 type bridge; f() { cat "
      "/proc/sys/net/ipv4/ip_forward; }; " +
      l + "run -d --name box " + small_ +
      " sleep 1000 > /dev/null; f; nft list ruleset | grep -c -e 'iifname \"old0\" jump on' -e 'oifname \"old1\" "
      "drop'; ";
  const std::string end =
      l + "rm -f box; for i in $(seq 300); do ip -o link | grep -q lxr || break; read -t 0.01 <> <(:); done; ";
  const auto there = [&](const std::string& script) {
    return run_program({"/usr/bin/unshare", "-n", "/bin/bash", "-c", script}, {}, environment()).out;
  };
  EXPECT_EQ(there(prepare + end +
                  "for i in $(seq 300); do [ $(f) = 1 ] || break; read -t 0.01 <> <(:); done; f; nft list tables"),
            "1\n2\nbox\n0\n");
  EXPECT_EQ(there(prepare + "ip link add docker0 type bridge; " + end + "read -t 0.2 <> <(:); f; nft list tables"),
            "1\n2\nbox\n1\ntable ip lxr-forward\n");
  EXPECT_EQ(there("echo 1 > /proc/sys/net/ipv4/ip_forward; " + l + "run --rm " + small_ +
                  " true; nft list tables | grep -c forward"),
            "0\n");
}

}  // namespace
}  // namespace lxr::test
