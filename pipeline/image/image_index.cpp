#include "pipeline/image/image_index.hpp"

#include "io/erofs/index.hpp"

namespace lxr::image {

void image_index::add(io::erofs::tree layer, std::size_t data_file, std::uint64_t data_size) {
  if (data_file == data_sizes_.size()) data_sizes_.push_back(data_size);
  tree_.lay_over(std::move(layer), static_cast<std::uint16_t>(data_file + 1));
}

std::string image_index::bytes() const { return io::erofs::make_index(tree_, data_sizes_); }

}  // namespace lxr::image
