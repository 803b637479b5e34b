// SPDX-License-Identifier: Apache-2.0
// Micro-benchmarks of the parts of one start (Google Benchmark). Needs root; works in namespaces of its own.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/instance/container_lock.hpp"
#include "core/instance/number_pool.hpp"
#include "core/model/container_state.hpp"
#include "io/mount/overlay.hpp"
#include "io/netlink/route.hpp"
#include "io/process/child_process.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/launch/container_plan.hpp"
#include "pipeline/spec/spec.hpp"
#include "tests/support/temp_directory.hpp"

namespace {

using namespace lxr;

oci::runtime_spec spec_of_a_shell() {
  oci::image_config image;
  image.cmd = {"sh"};
  container_config config;
  config.network.hostname = "box";
  return spec::make_spec(config, image, [](const std::string&) { return std::optional<std::string>(); });
}

void launch_plan(benchmark::State& state) {
  const auto spec = spec_of_a_shell();
  launch::launch_inputs in;
  in.staging_directory = "/run/lxr";
  in.seccomp.program = io::seccomp::default_profile();
  for (auto _ : state) benchmark::DoNotOptimize(launch::make_container_plan(spec, in, {}));
}
BENCHMARK(launch_plan)->Name("launch plan")->Unit(benchmark::kMicrosecond);

// The child's mounts, detached, with devices: up to where it waits for what is handed over.
void mount_tree(benchmark::State& state) {
  oci::runtime_spec spec = spec_of_a_shell();
  spec.process->args.clear();
  launch::launch_inputs in;
  in.staging_directory = "/run/lxr";
  for (auto _ : state) {
    io::process::built_plan plan = launch::make_container_plan(spec, in, {});
    io::process::child_process child = io::process::child_process::spawn(plan, {.namespaces = CLONE_NEWPID});
    if (const auto separated = child.receive();
        !separated || separated->report.what != io::child::child_report::separated)
      state.SkipWithError("no child");
    child.close_channel();  // it leaves when it comes to the end of its part
    child.wait();
  }
}
BENCHMARK(mount_tree)->Name("namespaces and mount tree")->Unit(benchmark::kMicrosecond)->UseRealTime();

void overlay(benchmark::State& state) {
  const test::temp_directory dir;
  for (const char* name : {"lower", "upper", "work"}) file::make_directory_at(dir.fd(), name);
  const unique_fd lower = file::open_at(dir.fd(), "lower", O_RDONLY | O_DIRECTORY),
                  upper = file::open_at(dir.fd(), "upper", O_RDONLY | O_DIRECTORY);
  for (auto _ : state) {
    state.PauseTiming();
    file::remove_tree_at(dir.fd(), "work");
    file::make_directory_at(dir.fd(), "work");
    const unique_fd work = file::open_at(dir.fd(), "work", O_RDONLY | O_DIRECTORY);
    state.ResumeTiming();
    const unique_fd mount = io::mount::mount_overlay({{lower.get()}, upper.get(), work.get()});
  }
}
BENCHMARK(overlay)->Name("overlay mount")->Unit(benchmark::kMicrosecond)->UseRealTime();

// fork, load, exit; and the same without loading, to be taken off.
void seccomp(benchmark::State& state) {
  const std::string_view bytes = io::seccomp::default_profile();
  const bool load = state.range(0) != 0;
  for (auto _ : state) {
    const pid_t pid = ::vfork();
    if (pid == 0) {
      sock_fprog program{static_cast<unsigned short>(bytes.size() / sizeof(sock_filter)),
                         reinterpret_cast<sock_filter*>(const_cast<char*>(bytes.data()))};
      if (load) ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
      ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
  }
}
BENCHMARK(seccomp)->Name("process, without a seccomp profile")->Arg(0)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(seccomp)->Name("process, with the default one")->Arg(1)->Unit(benchmark::kMicrosecond)->UseRealTime();

// In namespaces of its own, which take the link along.
void netlink_batch(benchmark::State& state) {
  const unique_fd host = file::open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
  for (auto _ : state) {
    state.PauseTiming();
    if (::unshare(CLONE_NEWNET) != 0) std::abort();
    const auto route = io::netlink::socket::open(0);
    io::netlink::batch b;
    io::netlink::put_bridge(b, {"b0", {2, 0, 0, 0, 0, 1}});
    route.exchange_or_throw(b, "create");
    b.clear();
    io::netlink::put_address(b, io::netlink::link_index("b0"), 0x0a000001, 16, "address");
    route.exchange_or_throw(b, "set");
    b.clear();
    const pid_t peer = ::fork();
    if (peer == 0) {
      if (::unshare(CLONE_NEWNET) != 0) ::_exit(1);
      ::pause();
    }
    const auto namespace_of = [](pid_t pid) {
      char name[64] = {};
      return ::readlink(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), name, sizeof name - 1) > 0
                 ? std::string(name)
                 : std::string();
    };
    while (namespace_of(peer) == namespace_of(::getpid())) ::sched_yield();
    io::netlink::veth pair;
    pair.host_name = "lv0";
    pair.host_index = 1 << 30;
    pair.peer_namespace = peer;
    pair.peer_mac = {2, 0, 0, 1, 0, 1};
    io::netlink::put_veth(b, pair);
    io::netlink::put_veth_up(b, pair);
    io::netlink::put_host_route(b, 0x0a000002, pair.host_index, 0x0a000001);
    io::netlink::put_neighbour(b, pair.host_index, 0x0a000002, pair.peer_mac);
    state.ResumeTiming();
    route.exchange_or_throw(b, "create");
    state.PauseTiming();
    ::kill(peer, SIGKILL);
    ::waitpid(peer, nullptr, 0);
    if (::setns(host.get(), CLONE_NEWNET) != 0) std::abort();
    state.ResumeTiming();
  }
}
BENCHMARK(netlink_batch)
    ->Name("netlink: one link and the route to it")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime()
    ->Iterations(100);

void address(benchmark::State& state) {
  const test::temp_directory dir;
  number_pool pool = number_pool::open(dir.fd(), "pool", 2, 65535);
  for (std::int64_t i = 0; i < state.range(0); ++i) pool.take(1);
  for (auto _ : state) pool.give_back(pool.take(7).value(), 7);
}
BENCHMARK(address)->Name("address, beside taken ones:")->Arg(0)->Arg(500)->Arg(2000);

void state_write(benchmark::State& state) {
  const test::temp_directory dir;
  const instance where = instance::open(dir.path() + "/root", dir.path() + "/state");
  const container_lock made = make_container_lock(where, "c", {});
  container_state s;
  s.name = "box";
  s.networks.push_back(
      {"bridge", "networks/bridge", "10.1.2.3", "10.1.0.1", "02:42:0a:01:02:03", "lv0123456789ab", 16});
  for (auto _ : state) save(where, "c", s);
}
BENCHMARK(state_write)->Name("state, written")->Unit(benchmark::kMicrosecond);

void state_read(benchmark::State& state) {
  const test::temp_directory dir;
  const instance where = instance::open(dir.path() + "/root", dir.path() + "/state");
  const container_lock made = make_container_lock(where, "c", {});
  save(where, "c", container_state());
  for (auto _ : state) benchmark::DoNotOptimize(load_raw_state(where, "c"));
}
BENCHMARK(state_read)->Name("state, read (JSON)")->Unit(benchmark::kMicrosecond);

}  // namespace
