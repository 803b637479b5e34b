// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/async/offload.hpp"
#include "io/file/file_backend.hpp"

namespace lxr::io::file {

enum class backend_choice { automatic, threads };

// Returns an io_uring backend where the kernel allows that, else one that makes plain system calls on the pool's
// threads.
std::unique_ptr<file_backend> select_backend(const asio::any_io_executor& executor, worker_pool& pool,
                                             backend_choice choice = backend_choice::automatic);

}  // namespace lxr::io::file
