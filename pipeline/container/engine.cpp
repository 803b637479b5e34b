// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/engine.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/mount/overlay.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/network/networks.hpp"
#include "pipeline/store/lending.hpp"

namespace lxr::container {

std::optional<std::string> prepared_image::read(const std::string& path) const {
  if (layers.size() == 1) return io::mount::read_rooted(layers.front().get(), path);
  if (!merged_) {
    io::mount::overlay_layers lowers;
    for (const unique_fd& layer : layers) lowers.lowers.push_back(layer.get());
    merged_ = io::mount::mount_overlay(lowers);
  }
  return io::mount::read_rooted(merged_.get(), path);
}

engine::engine(const instance& i, asio::any_io_executor e, event_sink& sink)
    : where(i),
      executor(std::move(e)),
      events(sink),
      launching(executor, sink),
      images(i),
      cgroups(io::cgroup::layout::detect()),
      filters(where),
      names(where) {}

const process_identity& engine::self() {
  if (self_.pid == 0) self_ = identify(::getpid());
  return self_;
}

network::bridge_network& engine::network(const std::string& name) {
  const auto known = networks_.find(name);
  if (known != networks_.end()) return known->second;
  return networks_.try_emplace(name, where, network::find_layout(where, name)).first->second;
}

engine::~engine() {
  for (const std::string& id : lent_) store::take_back(where, id);
}

prepared_image& engine::parsed(const std::string& image_id) {
  auto& slot = prepared_[image_id];
  if (!slot) {
    auto fresh = std::make_shared<prepared_image>();
    fresh->image = images.load(image_id);
    slot = std::move(fresh);
  }
  return *slot;
}

std::shared_ptr<const prepared_image> engine::prepare(const std::string& image_id) {
  prepared_image& image = parsed(image_id);
  if (image.layers.empty()) image.layers = store::borrow(where, image_id);
  if (image.layers.empty()) {
    image.layers = images.open_layers(image.image);
    if (image.layers.empty())
      throw error(errc::unsupported, "use image", image_id.substr(0, 12), "it has no layers",
                  "a container needs files to start from");
    struct statfs fs{};
    if (::fstatfs(image.layers.front().get(), &fs) == 0 && fs.f_type == EROFS_SUPER_MAGIC_V1) {
      store::lend(where, image_id, image.layers);
      lent_.push_back(image_id);
    }
  }
  return prepared_.at(image_id);
}

void engine::omit_inherited(oci::process_spec& process) {
  if (!own_oom_score_) {
    const auto text = file::read_of_process(::getpid(), "oom_score_adj");
    own_oom_score_ = text ? std::atoi(text->c_str()) : 0;
  }
  if (process.oom_score_adj == own_oom_score_) process.oom_score_adj.reset();
}

}  // namespace lxr::container
