// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/layer/layer_files.hpp"

namespace lxr::layer {

// The record of a committed layer. It is the last file that a pull writes into the layer's directory; its version is
// that of the formats of all files there.
inline constexpr const char* record_file = "layer.json";

struct layer_record {
  store_driver driver = store_driver::directories;
  std::uint64_t bytes = 0;                 // of all files
  std::optional<std::uint64_t> tar_bytes;  // of data.tar, without its padding; an early lxr did not record it
  std::string blob;                        // digest of the blob that the layer came as
};

std::string text_of(const layer_record& record);
// Reads the record of the layer whose directory is `path` below `directory`; nullopt when there is none.
// Failure: throws errc::corrupt for a damaged record, errc::unsupported for that of a newer lxr.
std::optional<layer_record> read_layer_record(int directory, const std::string& path);

}  // namespace lxr::layer
