// SPDX-License-Identifier: Apache-2.0
#include "cli/complete/known_values.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>
#include <optional>

#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/store/store.hpp"
#include "pipeline/volume/volumes.hpp"

namespace lxr::cli {
namespace {

constexpr std::size_t shortest_id = 2;  // characters; fewer say nothing

// instance::open() creates what is missing. These are the directories that it makes last: where they exist, it has
// nothing to create.
std::optional<instance> existing_instance(const std::string& root, const std::string& state) {
  for (const std::string& directory : {root + "/trash", state + "/containers"}) {
    if (::access(directory.c_str(), R_OK | X_OK) != 0) return std::nullopt;
  }
  return instance::open(root, state);
}

void add_id(std::vector<candidate>& out, const std::string& id, const std::string& typed, const std::string& about) {
  if (typed.size() < shortest_id || !id.starts_with(typed)) return;
  out.push_back({typed.size() <= short_id_size ? short_id(id) : id, about});
}

bool is_wanted(value_source source, const container_state& state) {
  if (source == value_source::running_containers) return state.can_exec();
  if (source == value_source::startable_containers) return state.can_remove();
  return true;
}

std::vector<candidate> containers(const instance& where, value_source source, const std::string& typed) {
  std::vector<candidate> out;
  state_reader states(where);
  for (const std::string& id : list_containers(where)) {
    quietly([&] {
      container_state state = states.load(id);
      if (!is_wanted(source, state)) return;
      if (state.name.empty()) {  // it has not run since the last boot
        const container_config config = load_config(where, id);
        state.name = config.name;
        state.image = config.image;
      }
      const std::string about = to_string(state.status) + ", " + state.image;
      if (state.name.starts_with(typed)) out.push_back({state.name, about});
      add_id(out, id, typed, state.name + ", " + about);
    });
  }
  return out;
}

std::vector<candidate> images(const instance& where, const std::string& typed) {
  std::vector<candidate> out;
  for (const store::tagged_image& image : store::image_store(where).list()) {
    const std::string name = image.is_named() ? image.name.familiar() : "";
    if (!name.empty()) out.push_back({name, "image " + short_id(image.id)});
    add_id(out, image.id, typed, name.empty() ? "image without a name" : name);
  }
  return out;
}

std::vector<candidate> signals() {
  std::vector<candidate> out;
  for (int number = 1; number < 32; ++number) {
    if (const char* name = ::sigabbrev_np(number)) out.push_back({name, ::sigdescr_np(number)});
  }
  return out;
}

std::vector<candidate> variables() {
  std::vector<candidate> out;
  for (char** entry = environ; *entry != nullptr; ++entry)
    out.push_back({std::string(*entry, std::strcspn(*entry, "=")), ""});
  return out;
}

std::vector<candidate> stored(value_source source, const std::string& typed, const instance& where) {
  std::vector<candidate> out;
  if (source == value_source::volumes) {
    for (const volume::volume_record& r : volume::list(where)) out.push_back({r.name, "volume"});
    return out;
  }
  if (source != value_source::images) out = containers(where, source, typed);
  if (source == value_source::images || source == value_source::containers_and_images)
    std::ranges::move(images(where, typed), std::back_inserter(out));
  return out;
}

}  // namespace

std::vector<candidate> known_values(value_source source, const std::string& typed, const std::string& root,
                                    const std::string& state) {
  switch (source) {
    case value_source::none:
    case value_source::files:
    case value_source::directories:
      return {};
    case value_source::networks:
      return {{"bridge", "an address of its own"}, {"none", "only loopback"}, {"host", "the host's network"}};
    case value_source::platforms:
      return {{"amd64", ""},   {"arm64", ""},   {"arm/v7", ""}, {"386", ""},
              {"ppc64le", ""}, {"riscv64", ""}, {"s390x", ""}};
    case value_source::shells:
      return {{"bash", ""}, {"fish", ""}, {"zsh", ""}};
    case value_source::signals:
      return signals();
    case value_source::variables:
      return variables();
    case value_source::volumes:
    case value_source::containers:
    case value_source::running_containers:
    case value_source::startable_containers:
    case value_source::images:
    case value_source::containers_and_images:
      break;
  }
  const auto where = existing_instance(root, state);
  return where ? stored(source, typed, *where) : std::vector<candidate>();
}

}  // namespace lxr::cli
