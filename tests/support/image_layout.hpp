// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::test {

// Writes an OCI image layout with one image, of these tars as layers, lowest first. Returns the reference lxr takes.
std::string write_layout(const std::string& directory, const std::vector<std::string>& tars);

}  // namespace lxr::test
