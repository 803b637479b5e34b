// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/lending.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/record.hpp"
#include "core/instance/process_identity.hpp"

namespace lxr::store {
namespace {

std::string loan_path(const std::string& image_id) { return "mounts/" + image_id; }

// Returns the inode of the image's index: a repaired or newly pulled image has another one.
std::int64_t index_of(const instance& where, const std::string& image_id) {
  struct stat st{};
  return ::fstatat(where.root_fd(), ("images/" + image_id + "/index.erofs").c_str(), &st, 0) == 0
             ? static_cast<std::int64_t>(st.st_ino)
             : 0;
}

}  // namespace

std::vector<unique_fd> borrow(const instance& where, const std::string& image_id) noexcept try {
  const auto text = file::read_at(where.state_fd(), loan_path(image_id));
  if (!text) return {};
  const json::object o = record::read(*text, loan_path(image_id));
  if (json::get_int(o, "index") != index_of(where, image_id)) return {};
  const unique_fd process = get_process(o, "lender").open();
  if (!process) return {};
  std::vector<unique_fd> mounts;
  for (const json::value& number : o.at("mounts").as_array()) {
    mounts.emplace_back(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number.as_int64(), 0)));
    if (!mounts.back()) return {};
  }
  return mounts;
} catch (const std::exception&) {
  return {};
}

void lend(const instance& where, const std::string& image_id, const std::vector<unique_fd>& mounts) noexcept try {
  json::array numbers;
  for (const unique_fd& fd : mounts) numbers.emplace_back(fd.get());
  json::object o{{"lender", to_json(identify(::getpid()))}, {"mounts", numbers}, {"index", index_of(where, image_id)}};
  file::replace_at(where.state_fd(), loan_path(image_id), record::text_of(std::move(o)));
} catch (const std::exception&) {
  // Other processes mount the image themselves.
}

// Another lender may have replaced the record. Then its loan is removed, and other processes mount the image
// themselves.
void take_back(const instance& where, const std::string& image_id) noexcept {
  ::unlinkat(where.state_fd(), loan_path(image_id).c_str(), 0);
}

}  // namespace lxr::store
