// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/user.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::spec {
namespace {

std::optional<std::string> image(const std::string& path) {
  if (path == "etc/passwd")
    return "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n2147483648:x:0:0::/:/bin/sh\nbroken\n";
  if (path == "etc/group") return "root:x:0:\napp:x:1000:\nextra:x:2000:other,app\nwheel:x:10:root\n";
  return std::nullopt;
}
std::optional<std::string> empty(const std::string&) { return std::nullopt; }

struct expectation {
  const char* word;
  std::uint32_t uid, gid;
  std::vector<std::uint32_t> groups;
};

TEST(resolve_user, names_numbers_and_groups) {
  for (const auto& [word, uid, gid, groups] : std::initializer_list<expectation>{{"", 0, 0, {0, 10}},
                                                                                 {"root", 0, 0, {0, 10}},
                                                                                 {"app", 1000, 1000, {1000, 2000}},
                                                                                 {"1000", 1000, 1000, {1000, 2000}},
                                                                                 {"1000:extra", 1000, 2000, {2000}},
                                                                                 {"app:5", 1000, 5, {5}},
                                                                                 {"1", 1, 0, {0}},
                                                                                 {"1:", 1, 0, {0}},
                                                                                 {"01", 1, 0, {0}},
                                                                                 {"1:2", 1, 2, {2}},
                                                                                 {":5", 0, 5, {5}}}) {
    const resolved_user u = resolve_user(word, image);
    EXPECT_EQ(u.ids.uid, uid) << word;
    EXPECT_EQ(u.ids.gid, gid) << word;
    EXPECT_EQ(u.ids.additional_gids, groups) << word;
  }
}

TEST(resolve_user, numbers_that_do_not_fit_never_become_root) {
  for (const char* bad :
       {"2147483648", "4294967296", "99999999999", "-1", "+1", "nobody", "app:none", "1:4294967296", "1.5"}) {
    EXPECT_THROW(resolve_user(bad, image), error) << bad;
  }
}

TEST(resolve_user, works_without_any_files_for_numbers_and_root) {
  EXPECT_EQ(resolve_user("", empty).home, "/root");
  EXPECT_EQ(resolve_user("1000:1000", empty).ids.gid, 1000u);
  EXPECT_THROW(resolve_user("app", empty), error);
  EXPECT_EQ(resolve_user("app", image).home, "/home/app");
}

}  // namespace
}  // namespace lxr::spec
