// SPDX-License-Identifier: Apache-2.0
#include "cli/complete/completion.hpp"

#include <algorithm>
#include <string_view>

#include "cli/commands/command.hpp"
#include "cli/flags/global_flags.hpp"

namespace lxr::cli {
namespace {

bool is_plain(const std::string& word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.,:/@=+").find(c) != std::string_view::npos;
  });
}

// Is shown the command that the words before the last one lead to, and notes what the last one may become.
class completer final : public declaration_visitor {
 public:
  completer(std::string typed, const global_flags& global, const value_reader& values)
      : typed_(std::move(typed)), global_(global), values_(values) {}

  // After "help" only names of commands follow.
  void only_names() { only_names_ = true; }
  [[nodiscard]] bool begins_flag() const { return typed_.starts_with('-'); }
  completion take() { return std::move(out_); }

  void visit(flag_set& app, const std::vector<std::string>& words) override {
    if (!only_names_) offer_next(app, app.after(words));
  }

  void visit(const std::string& group, std::span<const command> table) override {
    if (begins_flag()) return offer({"--help", "Show this text"});
    for (const command& c : table) offer({c.name, c.summary});
    if (group.empty() && !only_names_) offer({"help", "Show the flags of a command"});
  }

  void offer_next(const flag_set& app, const flag_set::next_word& next) {
    const std::size_t equals = typed_.find('=');
    if (next.value_of != nullptr) {
      offer_values_of(*next.value_of, 0);
    } else if (next.may_be_flag && typed_.starts_with("--") && equals != std::string::npos) {
      if (const auto* f = app.find(typed_.substr(0, equals))) offer_values_of(*f, equals + 1);
    } else if (next.may_be_flag && begins_flag()) {
      offer_flags(app);
    } else {
      offer_source(next.argument, 0);
      std::erase_if(out_.candidates, [&app](const candidate& c) {  // "rm a a" is no use
        return std::ranges::find(app.remaining(), c.word) != app.remaining().end();
      });
    }
  }

 private:
  // Short names only when nothing else says which flag is meant.
  void offer_flags(const flag_set& app) {
    for (const flag_set::flag& f : app.flags()) {
      for (const std::string& name : f.names()) {
        if (name.starts_with("--") || typed_ == "-") offer({name, f.help()});
      }
    }
  }

  // `begin`: where in the typed word the value begins.
  void offer_values_of(const flag_set::flag& f, std::size_t begin) {
    const std::string before = typed_.substr(0, begin);
    if (f.is_boolean()) {
      for (const char* word : {"true", "false"}) offer({before + word, ""});
    }
    for (const std::string& word : f.choices()) offer({before + word, ""});
    offer_source(f.source(), begin);
  }

  void offer_source(value_source source, std::size_t begin) {
    if (source == value_source::files || source == value_source::directories) {
      out_.shell = source;
    } else if (source != value_source::none) {
      for (candidate& c : values_(source, typed_.substr(begin), global_.root, global_.state))
        offer({typed_.substr(0, begin) + c.word, std::move(c.description)});
    }
  }

  void offer(candidate c) {
    if (c.word.starts_with(typed_) && is_plain(c.word)) out_.candidates.push_back(std::move(c));
  }

  std::string typed_;
  const global_flags& global_;
  const value_reader& values_;
  completion out_;
  bool only_names_ = false;
};

}  // namespace

completion complete(std::vector<std::string> words, const value_reader& values) {
  if (words.empty()) words.emplace_back();
  std::string typed = std::move(words.back());
  words.pop_back();
  global_flags global;
  const flag_set::next_word next = global.app.after(words);
  std::vector<std::string> rest = global.app.remaining();
  completer c(std::move(typed), global, values);
  const bool global_flag = next.value_of != nullptr || (next.may_be_flag && c.begins_flag());
  if (rest.empty() && global_flag) {
    c.offer_next(global.app, next);
    return c.take();
  }
  if (!rest.empty() && rest.front() == "help") {
    rest.erase(rest.begin());
    c.only_names();
  }
  dispatch({global.root, global.state, std::move(rest), &c}, "", all_commands());
  return c.take();
}

}  // namespace lxr::cli
