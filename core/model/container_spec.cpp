// SPDX-License-Identifier: Apache-2.0
#include "core/model/container_spec.hpp"

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"

namespace lxr {
namespace {

std::string spec_path(const std::string& id) { return "containers/" + id + "/spec.json"; }

}  // namespace

void save_spec(const instance& where, const std::string& id, const oci::runtime_spec& spec, spec_life lasting) {
  const int directory = lasting == spec_life::of_the_container ? where.root_fd() : where.state_fd();
  file::replace_at(directory, spec_path(id), json::dump(oci::to_json(spec)));
}

std::optional<oci::runtime_spec> load_spec(const instance& where, const std::string& id) {
  auto text = file::read_at(where.state_fd(), spec_path(id));
  if (!text) text = file::read_at(where.root_fd(), spec_path(id));
  if (!text) return std::nullopt;
  try {
    oci::runtime_spec spec = oci::read_runtime_spec(json::parse_record(*text, spec_path(id)), spec_path(id));
    oci::validate(spec, spec_path(id));
    if (spec.process) return spec;
  } catch (const error&) {
    // As if it were missing.
  }
  return std::nullopt;
}

}  // namespace lxr
