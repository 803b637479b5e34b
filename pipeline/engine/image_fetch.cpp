// SPDX-License-Identifier: Apache-2.0
#include "pipeline/engine/image_fetch.hpp"

#include "core/base/error.hpp"
#include "core/base/own_program.hpp"
#include "core/oci/manifest.hpp"
#include "pipeline/image_worker/client.hpp"

namespace lxr::engine {

image_fetch::image_fetch(container::engine& on, image_request wanted)
    : on_(on), wanted_(std::move(wanted)), name_{{}, wanted_.reference}, fetching_(on.executor) {
  fetching_.spawn(fetch());
}

task<void> image_fetch::until(const bool& reached) {
  while (!reached && !failed_) co_await changed_.wait();
  if (failed_) throw cancelled(cancel_reason::sibling_failed);
}

task<image_fetch::image_name> image_fetch::known() {
  co_await until(known_);
  if (stored_) name_.volumes = on_.image_of(name_.id).config.volumes;
  co_return name_;
}

task<void> image_fetch::stored() { co_await until(stored_); }

task<void> image_fetch::finish(std::exception_ptr failure) {
  if (failure) fetching_.cancel();
  try {
    co_await fetching_.join();
  } catch (...) {
    if (!failure || is_cancelled(failure)) failure = std::current_exception();
  }
  if (failure) std::rethrow_exception(failure);
}

task<void> image_fetch::fetch() {
  std::exception_ptr failure;
  try {
    co_await find_or_pull();
    known_ = stored_ = true;
  } catch (...) {
    failure = std::current_exception();
    failed_ = true;
  }
  changed_.notify_all();
  if (failure) std::rethrow_exception(failure);
}

// Returns true when the store has the image, for the right architecture.
bool image_fetch::find() {
  const auto found = on_.images.find(wanted_.reference);
  if (!found) return false;
  if (!wanted_.architecture.empty()) {
    const auto platform = oci::platform::parse(wanted_.architecture);
    if (!platform.accepts("", on_.images.load(found->id).config.architecture)) return false;
  }
  name_.id = found->id;
  if (found->is_named()) name_.shown = found->name.familiar();
  return true;
}

task<void> image_fetch::find_or_pull() {
  if (wanted_.pull != pull_policy::always && find()) co_return;
  if (wanted_.pull == pull_policy::never) {
    throw error(errc::not_found, "use image", wanted_.reference, "it is not in the store and --pull=never was given");
  }
  const auto known = [this](const std::string& id, std::vector<std::string> volumes) {
    name_.id = id;
    name_.volumes = std::move(volumes);
    known_ = true;
    changed_.notify_all();
  };
  transfer::pull_request request{wanted_.reference, wanted_.architecture, wanted_.plain_http, wanted_.parallel};
  auto pulling = image_worker::pull(on_.where, own_program("lxr-image"), request, on_.events, known);
  std::exception_ptr failure;
  try {
    name_.id = (co_await std::move(pulling)).image_id;
  } catch (...) {
    failure = std::current_exception();
  }
  on_.events.pull_ended();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lxr::engine
