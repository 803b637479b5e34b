// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/durable.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "pipeline/store/driver.hpp"

namespace lxr::transfer {

task<void> write_durably(const pull_tools& tools, int directory, std::string name, std::string content) {
  const unique_fd fd = file::open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  file::write_all(fd.get(), content, name);
  auto syncing = sync_durably(tools, fd.get());
  co_await std::move(syncing);
}

task<void> sync_durably(const pull_tools& tools, int fd) {
  if (tools.safety == layer::durability::full) co_await tools.files.sync(fd);
}

task<void> sync_marked(const pull_tools& tools, const std::vector<unique_fd>& directories, bool more) {
  if (tools.safety != layer::durability::full) co_return;
  std::vector<int> marked;
  for (const unique_fd& d : directories) {
    if (::faccessat(d.get(), layer::unsynced_mark, F_OK, 0) == 0) marked.push_back(d.get());
  }
  if (marked.empty() && !more) co_return;
  co_await offload(tools.pool, [&tools] { tools.images.sync(); });
  for (const int d : marked) ::unlinkat(d, layer::unsynced_mark, 0);
}

task<void> make_durable(const pull_tools& tools, std::string image) {
  std::vector<unique_fd> directories;
  if (auto directory = tools.images.open_image(image)) directories.push_back(std::move(*directory));
  for (const oci::digest& d : tools.images.load(image).config.diff_ids) {
    if (auto directory = tools.images.open_directory(d)) directories.push_back(std::move(*directory));
  }
  auto syncing = sync_marked(tools, directories, false);
  co_await std::move(syncing);
}

}  // namespace lxr::transfer
