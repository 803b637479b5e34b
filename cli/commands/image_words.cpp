// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/image_words.hpp"

#include "cli/print/output.hpp"

namespace lxr::cli {

json::object image_json(const instance& where, const store::tagged_image& tag) {
  const store::image i = store::image_store(where).load(tag.id);
  json::array layers, names;
  for (const store::tagged_image& t : store::image_store(where).list()) {
    if (t.id == tag.id && t.is_named()) names.emplace_back(t.name.familiar());
  }
  for (const oci::digest& id : i.config.diff_ids) layers.emplace_back(id.str());
  return {{"Id", "sha256:" + i.id},
          {"RepoTags", std::move(names)},
          {"Digest", tag.manifest_digest},
          {"Created", i.config.created},
          {"Architecture", i.config.architecture},
          {"Os", i.config.os},
          {"Size", static_cast<std::int64_t>(i.size)},
          {"Config", json::object{{"User", i.config.user},
                                  {"Env", json::from(i.config.env)},
                                  {"Cmd", json::from(i.config.cmd)},
                                  {"Entrypoint", json::from(i.config.entrypoint)},
                                  {"WorkingDir", i.config.working_dir},
                                  {"StopSignal", i.config.stop_signal},
                                  {"Labels", json::from(i.config.labels)}}},
          {"RootFS", json::object{{"Type", "layers"}, {"Layers", std::move(layers)}}}};
}

void prune_flags::add_to(flag_set& app) {
  app.add_flag("-a,--all", all, "Every image that no container uses");
  app.add_flag("-f,--force", force, "Do not ask");
}

void print_removed(const store::removed& gone) {
  for (const std::string& name : gone.untagged) print_line("Untagged: " + name);
  for (const std::string& id : gone.deleted) print_line("Deleted: sha256:" + id);
}

}  // namespace lxr::cli
