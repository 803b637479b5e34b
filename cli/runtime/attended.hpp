// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lxr::cli::runtime_verbs {

// Waits for a process of ours that has our standard streams, or whose terminal's master is `terminal` (-1: none): hands
// on signals and what is typed. Signals are blocked already (block_signals()). Returns its exit code.
int attend(int pidfd, int terminal);

}  // namespace lxr::cli::runtime_verbs
