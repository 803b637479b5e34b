// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace lxr::test {

// Writes tar archives member by member, also broken ones: nothing is checked.
class tar_builder {
 public:
  struct member {
    std::string path, content, link;
    char type = '0';
    unsigned mode = 0644, uid = 0, gid = 0;
    long mtime = 1700000000;
    unsigned major = 0, minor = 0;
    std::map<std::string, std::string> pax;
  };
  tar_builder& add(const member& m);
  tar_builder& directory(const std::string& path, unsigned mode = 0755) {
    return add({.path = path, .type = '5', .mode = mode});
  }
  tar_builder& file(const std::string& path, const std::string& content) {
    return add({.path = path, .content = content});
  }
  [[nodiscard]] std::string finish() const { return out_ + std::string(1024, '\0'); }
  [[nodiscard]] const std::string& unfinished() const { return out_; }

 private:
  void header(const member& m, std::size_t size);
  void data(const std::string& bytes);
  std::string out_;
};

// gzip (one member) of some bytes.
std::string gzip(const std::string& bytes);

}  // namespace lxr::test
