#include "pipeline/container/create.hpp"

#include "core/base/file.hpp"
#include "core/state/container_state.hpp"
#include "core/state/names.hpp"
#include "pipeline/container/remove.hpp"

namespace lxr::container {

container_config create(const instance& where, container_config wanted) {
  wanted.id = new_container_id();
  wanted.created_ns = unix_time_ns();
  if (!wanted.name.empty()) check_name(wanted.name);
  make_state_dir(where, wanted.id);  // first: a name whose container has no directory is free to take
  try {
    if (wanted.name.empty()) {
      wanted.name = reserve_generated_name(where, wanted.id);
    } else {
      reserve_name(where, wanted.name, wanted.id);
    }
    if (wanted.hostname.empty()) wanted.hostname = short_id(wanted.id);
    file::make_directory_at(where.root_fd(), "containers/" + wanted.id);
    save(where, wanted);
  } catch (...) {
    discard(where, wanted);
    throw;
  }
  return wanted;
}

void discard(const instance& where, const container_config& config) noexcept {
  try {
    discard_files(where, config);
    file::remove_tree_at(where.root_fd(), "trash/" + config.id);
  } catch (const std::exception&) {
    // what stays has no config.json or lies in trash/: no container
  }
}

}  // namespace lxr::container
