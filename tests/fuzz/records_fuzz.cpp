// SPDX-License-Identifier: Apache-2.0
// Whatever lies in the place of a record, it is read or refused by an error; a configuration or state that was read is
// the same after it was written again.
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_spec.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/layer/layer_record.hpp"
#include "pipeline/network/layout.hpp"
#include "pipeline/store/lending.hpp"
#include "pipeline/store/store.hpp"
#include "tests/support/temp_directory.hpp"

namespace {

using namespace lxr;

const std::string id(64, '1');

struct store_of_one {
  test::temp_directory dir;
  instance where = instance::open(dir.path() + "/root", dir.path() + "/state");
  store_of_one() {
    for (const char* place : {"containers/", "layers/"}) file::make_directory_at(where.root_fd(), place + id);
    file::make_directory_at(where.state_fd(), "containers/" + id);
    file::make_directory_at(where.state_fd(), "networks/bridge");
  }
};

template <class Use>
void refused_or(Use use) {
  try {
    use();
  } catch (const error&) {
    // refused
  }
}

template <class Load, class Save>
void comes_back(int directory, const std::string& path, Load load, Save save) {
  refused_or([&] {
    save(load());
    const auto written = file::read_at(directory, path);
    save(load());
    if (file::read_at(directory, path) != written) std::abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const store_of_one made;
  const instance& where = made.where;
  const std::string text(reinterpret_cast<const char*>(data), size), container = "containers/" + id;
  for (const std::string& path :
       {container + "/config.json", container + "/spec.json", "layers/" + id + "/layer.json", std::string("refs/name")})
    file::replace_at(where.root_fd(), path, text);
  for (const std::string& path :
       {container + "/state.json", std::string("networks/bridge/network.json"), "mounts/" + id})
    file::replace_at(where.state_fd(), path, text);
  load_spec(where, id);
  store::borrow(where, id);
  refused_or([&] { layer::read_layer_record(where.root_fd(), "layers/" + id); });
  refused_or([&] { (void)store::image_store(where).list(); });
  refused_or([&] { network::saved_layout(where, "networks/bridge"); });
  refused_or([&] { load_state(where, id); });
  comes_back(
      where.root_fd(), container + "/config.json", [&] { return load_config(where, id); },
      [&](const container_config& c) { save(where, c); });
  comes_back(
      where.state_fd(), container + "/state.json", [&] { return load_raw_state(where, id); },
      [&](const container_state& s) { save(where, id, s); });
  return 0;
}
