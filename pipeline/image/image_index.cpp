#include "pipeline/image/image_index.hpp"

#include <sys/stat.h>

#include "io/erofs/index.hpp"

namespace lxr::image {

void image_index::add(io::erofs::tree layer, std::size_t data_file, std::uint64_t data_size) {
  if (data_file == data_sizes_.size()) data_sizes_.push_back(data_size);
  tree_.lay_over(std::move(layer), static_cast<std::uint16_t>(data_file + 1));
}

std::string image_index::bytes() {
  add_mount_points();
  return io::erofs::make_index(tree_, data_sizes_);
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
  if (!etc->is_directory()) return;  // a link: whoever starts looks where it leads
  for (const char* file : {"hostname", "hosts", "resolv.conf"}) add(*etc, file, S_IFREG | 0644);
}

}  // namespace lxr::image
