// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"

// The process of an instance's resolver (resolver.hpp): a lock that it holds as long as it lives, and a socket that it
// listens on, both in the directory "resolver" of the state directory.
namespace lxr::network {

// Returns a connection to the resolver; an empty descriptor when none listens, or its queue is full.
unique_fd connect_to_resolver(const instance& where);
// Starts the resolver; when this returns, it can be connected to. Returns false when another process has just started
// it.  Failure: throws lxr::error.
bool start_resolver(const instance& where);

// Returns true when a process has started the resolver since forget_resolver().
bool was_resolver_started(const instance& where);
bool is_resolver_running(const instance& where);
// Removes the socket of a resolver that has ended because no container needed it; has no effect while one runs.
void forget_resolver(const instance& where) noexcept;

}  // namespace lxr::network
