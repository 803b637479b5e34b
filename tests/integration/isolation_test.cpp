// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using isolation = installation;

TEST_F(isolation, capabilities_and_seccomp) {
  const std::string status = must({"run", "--rm", "--network", "none", small_, "cat", "/proc/self/status"});
  for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t00000000800405fb", "CapEff:\t00000000800405fb",
                           "CapBnd:\t00000000800405fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t0", "Seccomp:\t2"}) {
    EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
  }
  const std::string user = must({"run", "--rm", "--network", "none", "-u", "app", small_, "cat", "/proc/self/status"});
  EXPECT_NE(user.find("CapEff:\t0000000000000000"), std::string::npos) << user;
  EXPECT_NE(user.find("Uid:\t1000\t1000\t1000\t1000"), std::string::npos) << user;
}

TEST_F(isolation, a_further_process_is_held_the_same) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const std::string status = must({"exec", "box", "cat", "/proc/self/status"});
  for (const char* line : {"CapEff:\t00000000800405fb", "CapBnd:\t00000000800405fb", "NoNewPrivs:\t0", "Seccomp:\t2"}) {
    EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
  }
  EXPECT_EQ(must({"exec", "box", "sh", "-c", "ls /proc/self/fd | wc -l"}), "4\n");
  EXPECT_EQ(must({"exec", "box", "cat", "/proc/self/cgroup"}), must({"exec", "box", "cat", "/proc/1/cgroup"}));
}

TEST_F(isolation, dangerous_calls_and_files_are_out_of_reach) {
  const std::string tries =
      "mount -t tmpfs x /mnt 2>/dev/null && echo mounted; unshare -m true 2>/dev/null && echo unshared; mknod /dev/sda "
      "b 8 0 2>/dev/null && echo node; "
      "echo x > /proc/sys/kernel/hostname 2>/dev/null && echo sysctl; echo h > /proc/sysrq-trigger 2>/dev/null && echo "
      "sysrq; "
      "dd if=/proc/kcore bs=1 count=1 2>/dev/null | wc -c; ls /sys/firmware | wc -l; echo x > /sys/kernel/x "
      "2>/dev/null && echo sys; "
      "date -s 2000-01-01 2>/dev/null >&2; [ $(date +%Y) = 2000 ] && echo clock; ls /proc | grep -c '^[0-9]'";
  const std::string got = must({"run", "--rm", "--network", "none", small_, "sh", "-c", tries});
  EXPECT_EQ(got.substr(0, 4), "0\n0\n") << got;
  EXPECT_LT(got.size(), 8u) << got;
}

TEST_F(isolation, its_namespaces_are_its_own_and_no_mount_of_it_is_the_hosts) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  for (const char* kind : {"mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    const std::string inside = json::get_string(*json::find_object(inspect("box"), "Namespaces"), kind);
    EXPECT_NE(inside + "\n", run_program({"/bin/readlink", std::string("/proc/self/ns/") + kind}).out) << kind;
  }
  EXPECT_EQ(run_program({"/bin/grep", "-c", dir_.path(), "/proc/self/mountinfo"}).out, "0\n");
  EXPECT_EQ(must({"exec", "box", "sh", "-c", "hostname; ls /proc/1/root/etc/image"}).substr(12),
            "\n/proc/1/root/etc/image\n");
}

TEST_F(isolation, two_containers_share_no_file_and_none_writes_into_the_image) {
  must({"run", "-d", "--name", "a", "--network", "none", small_, "sleep", "1000"});
  must({"run", "-d", "--name", "b", "--network", "none", small_, "sleep", "1000"});
  must({"exec", "a", "sh", "-c", "echo mine > /etc/image; echo new > /new"});
  EXPECT_EQ(must({"exec", "b", "cat", "/etc/image"}), "small\n");
  EXPECT_NE(lxr({"exec", "b", "cat", "/new"}).code, 0);
  EXPECT_EQ(
      must({"run", "--rm", "--network", "none", "--read-only", small_, "sh", "-c", "touch /x 2>&1; cat /etc/image"})
          .find("touch: /x: Read-only file system"),
      0u);
}

// Issue 11, 1.10; security case 64: by every entry of the kernel.
TEST_F(isolation, address_families_that_lead_out_of_the_network_namespace_are_refused) {
  must({"run", "-d", "--name", "box", "--network", "none", probe_image(), "/probe", "wait"});
  for (const char* family : {"38", "40"}) {  // AF_ALG, AF_VSOCK
    EXPECT_EQ(must({"exec", "box", "/probe", "socket", family, "native"}), "EPERM\n") << family;
#if defined(__x86_64__)
    EXPECT_EQ(must({"exec", "box", "/probe", "socket", family, "i386"}), "EPERM\n") << family;
    EXPECT_EQ(must({"exec", "box", "/probe", "socket", family, "socketcall"}), "EPERM\n") << family;
    EXPECT_EQ(must({"exec", "box", "/probe", "socket", family, "x32"}), "ENOSYS\n") << family;
#endif
  }
  for (const char* number : {"467", "1000", "999999"})
    EXPECT_EQ(must({"exec", "box", "/probe", "call", number}), "ENOSYS\n") << number;
#if defined(__x86_64__)
  EXPECT_EQ(must({"exec", "box", "/probe", "call", "467", "i386"}), "ENOSYS\n");
#endif
  EXPECT_NE(must({"exec", "box", "/probe", "call", "457"}), "EPERM\n");  // statmount
}

// CVE-2024-21626: no descriptor of the engine's may be left when the working directory is entered.
TEST_F(isolation, a_working_directory_cannot_be_a_descriptor_of_the_hosts) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  for (int fd = 3; fd < 40; ++fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const outcome e = lxr({"exec", "-w", path, "box", "pwd"});
    EXPECT_TRUE(e.code == 125 || e.code == 127) << path << e.code << e.out;
    EXPECT_EQ(e.out, "");
    if (fd % 4 == 0) EXPECT_NE(lxr({"run", "--rm", "--network", "none", "-w", path, small_, "pwd"}).code, 0) << path;
  }
}

// Issue 11, 1.20: neither run nor exec hand on the limit of whoever calls them.
TEST_F(isolation, the_descriptor_limit_does_not_depend_on_the_caller) {
  const std::string lxr_program = program_path("lxr"), show = " sh -c 'ulimit -S -n; ulimit -H -n'";
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  for (const char* limit : {"700", "4000"}) {
    const std::string set = "ulimit -S -n " + std::string(limit) + "; ";
    const outcome o = run_program(
        {"/bin/bash", "-c",
         set + lxr_program + " run --rm --network none " + small_ + show + "; " + lxr_program + " exec box" + show},
        {}, environment());
    EXPECT_EQ(o.out.substr(0, 5), "1024\n") << o.out << o.err;
    EXPECT_EQ(o.out.substr(0, o.out.size() / 2), o.out.substr(o.out.size() / 2));
  }
}

// CVE-2019-5736: a program that is "itself" must not lead to lxr on the host.
TEST_F(isolation, lxrs_own_program_cannot_be_reached_from_inside) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sh", "-c",
        "printf '#!/proc/self/exe\\n' > /evil; chmod +x /evil; sleep 1000"});
  ASSERT_TRUE(eventually([&] { return lxr({"exec", "box", "test", "-x", "/evil"}).code == 0; }));
  for (const char* command : {"/proc/self/exe", "/evil"}) {
    const outcome o = lxr({"exec", "box", command});
    EXPECT_EQ(o.out, "") << o.out;
    EXPECT_NE(o.code, 0);
    EXPECT_EQ(o.err.find("lxr version"), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find("unknown command"), std::string::npos) << o.err;
  }
}

TEST_F(isolation, the_hosts_environment_and_descriptors_do_not_leak_in) {
  std::vector<std::string> env = environment();
  env.push_back("SECRET=1");
  const outcome o = run_program(
      command({"run", "--rm", "--network", "none", small_, "sh", "-c", "env; ls /proc/self/fd | wc -l"}), {}, env);
  EXPECT_EQ(o.out.find("SECRET"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\n4\n"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace lxr::test
