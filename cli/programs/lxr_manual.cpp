// SPDX-License-Identifier: Apache-2.0
// lxr-manual: writes the manual pages of lxr. A program of the build; it is not installed.
//   lxr-manual COMMAND_LINE_MD DIRECTORY
#include <fcntl.h>

#include <cstdlib>
#include <ctime>

#include "cli/manual/manual.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::cli {
namespace {

// The day of the build; that of SOURCE_DATE_EPOCH where a build is to be reproducible.
std::string build_date() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  const std::time_t when = epoch != nullptr ? std::strtoll(epoch, nullptr, 10) : std::time(nullptr);
  std::tm day{};
  char text[16];
  ::gmtime_r(&when, &day);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &day)};
}

void write_manual(const std::string& document, const std::string& directory) {
  auto text = file::read_at(AT_FDCWD, document);
  if (!text) throw error(errc::not_found, "read", document, "there is no such file");
  for (const auto& [name, page] : manual_pages(all_commands(), {build_date(), std::move(*text)}))
    file::replace_at(AT_FDCWD, directory + "/" + name, page, 0644);
}

}  // namespace
}  // namespace lxr::cli

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw lxr::error(lxr::errc::invalid_argument, "write", "manual", "lxr-manual DOCUMENT DIRECTORY");
    lxr::cli::write_manual(argv[1], argv[2]);
    return 0;
  } catch (...) {
    return lxr::cli::report_failure(std::current_exception());
  }
}
