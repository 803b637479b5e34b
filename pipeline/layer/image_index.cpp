// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/image_index.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "pipeline/layer/layer_files.hpp"

namespace lxr::layer {

void image_index::add(io::erofs::tree layer, std::size_t place, std::uint64_t data_size) {
  if (place == data_sizes_.size()) data_sizes_.push_back(data_size);
  tree_.lay_over(std::move(layer), static_cast<std::uint16_t>(place + 1));
}

std::string image_index::bytes(const io::erofs::memory_check& allow) {
  add_mount_points();
  return io::erofs::make_index(tree_, data_sizes_, allow);
}

void image_index::add_mount_points() {
  const auto add = [this](io::erofs::node& parent, const char* name, std::uint32_t mode) {
    if (parent.children.contains(name)) return;
    io::erofs::node& fresh = tree_.add_node();
    fresh.mode = mode;
    parent.children[name] = &fresh;
  };
  for (const char* directory : {"dev", "etc", "proc", "sys"}) add(tree_.root(), directory, S_IFDIR | 0755);
  io::erofs::node* const etc = tree_.root().children.at("etc");
  if (!etc->is_directory()) return;  // a symbolic link: the start follows it
  for (const char* file : {"hostname", "hosts", "resolv.conf"}) add(*etc, file, S_IFREG | 0644);
}

std::vector<oci::digest> distinct(const std::vector<oci::digest>& digests) {
  std::vector<oci::digest> out;
  for (const oci::digest& d : digests) {
    if (std::ranges::find(out, d) == out.end()) out.push_back(d);
  }
  return out;
}

loaded_tree read_layer_tree(int directory, pull_budget& budget) {
  constexpr const char* what = "the trees of the image's layers";
  struct stat st{};
  memory_share memory(budget);
  if (::fstatat(directory, index_file, &st, 0) == 0) memory.set(static_cast<std::uint64_t>(st.st_size), what);
  const std::string index = read_layer_index(directory);
  // Attributes and long names take as much memory as in the index.
  const std::uint64_t nodes = io::erofs::node_count(as_bytes(index)), text = index.size();
  memory.set(nodes * io::erofs::tree::memory_of_node + 2 * text, what);
  loaded_tree out{io::erofs::read_index(as_bytes(index)), std::move(memory)};
  out.memory.set(nodes * io::erofs::tree::memory_of_node + text, what);
  return out;
}

namespace {

std::string merge(const std::vector<unique_fd>& layers, const std::vector<oci::digest>& diff_ids, pull_budget& budget,
                  std::map<std::size_t, loaded_tree> loaded) {
  image_index index;
  std::vector<memory_share> memory;
  const std::vector<oci::digest> data_files = distinct(diff_ids);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    struct stat st{};
    if (::fstatat(layers[i].get(), data_file, &st, 0) != 0) return {};
    const auto place = static_cast<std::size_t>(std::ranges::find(data_files, diff_ids[i]) - data_files.begin());
    auto found = loaded.extract(i);
    loaded_tree layer = found ? std::move(found.mapped()) : read_layer_tree(layers[i].get(), budget);
    index.add(std::move(layer.members), place, static_cast<std::uint64_t>(st.st_size));
    memory.push_back(std::move(layer.memory));
  }
  memory_share building(budget);
  return index.bytes([&building](std::uint64_t bytes) { building.set(bytes, "the index over all layers"); });
}

}  // namespace

std::string make_image_index(const std::vector<unique_fd>& layers, const std::vector<oci::digest>& diff_ids,
                             pull_budget& budget, std::map<std::size_t, loaded_tree> loaded) {
  try {
    return merge(layers, diff_ids, budget, std::move(loaded));
  } catch (const error& e) {
    if (e.code() != errc::unsupported && e.code() != errc::exhausted) throw;
    return {};
  }
}

}  // namespace lxr::layer
