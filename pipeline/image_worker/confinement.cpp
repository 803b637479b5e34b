// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/confinement.hpp"

#include <linux/capability.h>

#include <cstdint>
#include <vector>

#include "io/http/trust.hpp"
#include "io/process/file_access.hpp"
#include "io/process/privileges.hpp"

namespace lxr::image_worker {
namespace {

constexpr std::uint64_t kept_capabilities = 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER |
                                            1ull << CAP_FSETID | 1ull << CAP_MKNOD | 1ull << CAP_SETFCAP |
                                            1ull << CAP_SYS_ADMIN;

void restrict_files(const instance& where, const std::string& layout) {
  using enum io::process::file_access;
  std::vector<io::process::file_rule> rules{{where.root(), all}};
  for (const char* readable :
       {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
        "/etc/ld.so.cache", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/dev/urandom"})
    rules.push_back({readable, read});
  for (const std::string& place : io::http::certificate_places()) rules.push_back({place, read});
  if (!layout.empty()) rules.push_back({layout, read});
  io::process::restrict_files(rules);
}

}  // namespace

void confine(const instance& where, const std::string& layout) {
  io::process::keep_capabilities(kept_capabilities);
  restrict_files(where, layout);
}

}  // namespace lxr::image_worker
