// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/commands/image_words.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/listing.hpp"
#include "cli/print/output.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/store/prune.hpp"

namespace lxr::cli {
namespace {

store::tagged_image must_find(const store::image_store& images, const std::string& word) {
  if (auto found = images.find(word)) return std::move(*found);
  throw error(errc::not_found, "use image", '"' + word + '"', "no image has that name or id", "lxr images lists them");
}

int image_prune(const invocation& call) {
  flag_set app("Remove images that have no name, or with -a all that no container uses.", "image prune",
               "lxr image prune -a");
  prune_flags flags;
  flags.add_to(app);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  if (!flags.force && !confirm(flags.all ? "WARNING! This will remove all images that no container uses."
                                         : "WARNING! This will remove all images without a name."))
    return 0;
  const store::removed gone = store::prune(where, flags.all);
  print_removed(gone);
  print_line("Total reclaimed space: " + human_size(gone.bytes));
  return 0;
}

int image_inspect(const invocation& call) {
  flag_set app("Show everything known about images, as a JSON array.", "image inspect",
               "lxr image inspect golang | jq '.[0].Config.Env'");
  std::vector<std::string> words;
  app.add_argument("IMAGE", words, "Names or ids", value_source::images);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const store::image_store images(where);
  json::array out;
  int code = 0;
  for (const std::string& word : words) {
    try {
      out.push_back(image_json(where, must_find(images, word)));
    } catch (const error&) {
      report_failure(std::current_exception());
      code = 1;
    }
  }
  print_json_pretty(out);
  return code;
}

constexpr command image_commands[] = {
    {"ls", cmd_images, "List images"},
    {"list", cmd_images, "List images"},
    {"pull", cmd_pull, "Pull an image"},
    {"rm", cmd_rmi, "Remove images"},
    {"inspect", image_inspect, "Show everything known about images, as JSON"},
    {"history", cmd_history, "Show how an image came to be"},
    {"prune", image_prune, "Remove images nobody needs"},
};

}  // namespace

int cmd_image(const invocation& call) { return dispatch(call, "image", image_commands); }

int cmd_images(const invocation& call) {
  flag_set app("List images.", "images", "lxr images\nlxr images -q --no-trunc");
  bool quiet = false, whole = false;
  app.add_flag("-q,--quiet", quiet, "Only ids");
  app.add_flag("--no-trunc", whole, "Nothing shortened");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const store::image_store images(where);
  table t({"REPOSITORY", "TAG", "IMAGE ID", "PULLED", "SIZE"});
  for (const store::tagged_image& tag : images.list()) {
    const std::string id = whole ? "sha256:" + tag.id : tag.id.substr(0, 12);
    if (quiet) {
      print_line(id);
      continue;
    }
    std::string size;
    try {
      size = human_size(images.load(tag.id).size);
    } catch (const error&) {
      size = "damaged";  // go on with the other images
    }
    const std::string pulled = tag.is_named() ? human_duration(unix_time_ns() - tag.pulled_ns) + " ago" : "";
    t.add({tag.is_named() ? tag.name.familiar_repository() : "<none>", tag.name.tag.empty() ? "<none>" : tag.name.tag,
           id, pulled, size});
  }
  if (!quiet) t.print();
  return 0;
}

// Returns podman's exit codes: 1 when an image does not exist, 2 when a container uses one, 125 for other failures.
int cmd_rmi(const invocation& call) {
  flag_set app(
      "Remove images: a name, and with its last name the image and the layers only it needed. What a container uses "
      "stays.",
      "rmi", "lxr rmi golang:1.22\nlxr rmi -f 3f2a9c");
  std::vector<std::string> words;
  bool force = false;
  app.add_flag("-f,--force", force, "By id: also when it has several names; missing ones are not an error");
  app.add_argument("IMAGE", words, "Names or ids", value_source::images);
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  int code = 0;
  for (const std::string& word : words) {
    try {
      print_removed(store::remove_image(where, word, force));
    } catch (const error& e) {
      if (force && e.code() == errc::not_found) continue;
      report_failure(std::current_exception());
      code = e.code() == errc::not_found ? 1 : e.code() == errc::conflict ? 2 : tool_failed;
    }
  }
  return code;
}

int cmd_history(const invocation& call) {
  flag_set app("Show how an image came to be, newest step first.", "history", "lxr history golang");
  std::string word;
  bool quiet = false, whole = false;
  app.add_argument("IMAGE", word, "Name or id", value_source::images);
  app.add_flag("-q,--quiet", quiet, "Only the ids of layers");
  app.add_flag("--no-trunc", whole, "Nothing shortened");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const store::image_store images(where);
  const oci::image_config config = images.load(must_find(images, word).id).config;
  table t({"LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT"});
  // The newest step first. A layer that no step of the history describes gets a row of its own.
  auto diff_id = config.diff_ids.rbegin();
  const auto add = [&](const oci::image_config::step& step) {
    std::string layer = "<none>", size = "0B", by = step.created_by;
    if (!step.empty_layer && diff_id != config.diff_ids.rend()) {
      layer = whole ? diff_id->str() : diff_id->hex().substr(0, 12);
      size = human_size(images.layer_size(*diff_id++));
    }
    if (!whole) by = shortened(by, 45);
    if (quiet) {
      print_line(layer);
    } else {
      t.add({layer, step.created.substr(0, 19), by, size, step.comment});
    }
  };
  for (auto step = config.history.rbegin(); step != config.history.rend(); ++step) add(*step);
  while (diff_id != config.diff_ids.rend()) add({});
  if (!quiet) t.print();
  return 0;
}

}  // namespace lxr::cli
