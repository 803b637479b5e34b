// SPDX-License-Identifier: Apache-2.0
#include "cli/runtime/log.hpp"

#include <fcntl.h>

#include "cli/print/output.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"

namespace lxr::cli::runtime_verbs {

void log::write(const char* level, std::string_view text) {
  const std::string shown = json::printable(text), time = format_time(unix_time_ns());
  if (!path_.empty()) {
    const std::string line = json_ ? json::dump(json::object{{"level", level}, {"msg", shown}, {"time", time}})
                                   : "time=\"" + time + "\" level=" + level + " msg=" + json::dump(json::value(shown));
    quietly([&] {
      const unique_fd fd = file::open_at(AT_FDCWD, path_, O_WRONLY | O_CREAT | O_APPEND, 0644);
      file::write_all(fd.get(), line + "\n", path_);
    });
  }
  print_note(shown);
}

log& the_log() {
  static log one;
  return one;
}

}  // namespace lxr::cli::runtime_verbs
