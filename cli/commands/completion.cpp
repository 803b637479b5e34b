// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/complete/known_values.hpp"
#include "cli/complete/scripts.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {

int cmd_completion(const invocation& call) {
  flag_set app("Print the script that makes a shell complete lxr's commands, flags, containers and images.",
               "completion",
               "source <(lxr completion bash)\nsource <(lxr completion zsh)\nlxr completion fish | source");
  std::string shell;
  app.add_argument("SHELL", shell, "bash, fish or zsh", value_source::shells);
  if (const auto done = parse(app, call)) return *done;
  for (const auto& [name, script] : {std::pair("bash", bash_script), {"fish", fish_script}, {"zsh", zsh_script}}) {
    if (shell != name) continue;
    print_text(script);
    return 0;
  }
  throw error(errc::invalid_argument, "use lxr completion", '"' + shell + '"', "the shells are bash, fish and zsh");
}

int answer_completion(const std::vector<std::string>& words) noexcept {
  try {
    const completion found = complete(words, known_values);
    std::string text;
    for (const candidate& c : found.candidates) text += c.word + "\t" + printable(c.description) + "\n";
    text += found.shell == value_source::files         ? ":files\n"
            : found.shell == value_source::directories ? ":directories\n"
                                                       : ":words\n";
    print_text(text);
    return 0;
  } catch (const std::exception&) {
    return tool_failed;
  }
}

}  // namespace lxr::cli
