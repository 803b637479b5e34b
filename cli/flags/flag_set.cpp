// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/flag_set.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/flags/suggestion.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void bad_value(const std::string& flag, const std::string& value, const std::string& reason) {
  throw error(errc::invalid_argument, "use " + flag, '"' + value + '"', reason);
}

std::optional<bool> parse_boolean(std::string_view word) {  // the words of Go's strconv.ParseBool
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (word == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_number(std::string_view word) {
  if (word.starts_with('+') && !word.starts_with("+-")) word.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

// Takes the first of several names, separated by commas, from them.
std::string_view next_name(std::string_view& names) {
  const std::size_t end = std::min(names.find(','), names.size());
  const std::string_view name = names.substr(0, end);
  names.remove_prefix(std::min(end + 1, names.size()));
  return name;
}

std::string one_of_text(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

}  // namespace

flag_set::flag* flag_set::flag::one_of(std::vector<std::string> words) {
  choices_ = std::move(words);
  return this;
}

flag_set::flag* flag_set::flag::range(std::int64_t lowest, std::int64_t highest) {
  lowest_ = lowest;
  highest_ = highest;
  return this;
}

flag_set::flag* flag_set::flag::required() {
  required_ = true;
  return this;
}

flag_set::flag* flag_set::flag::repeated() {
  repeated_ = true;
  return this;
}

std::vector<std::string> flag_set::flag::names() const {
  std::vector<std::string> out;
  for (std::string_view rest = names_.view(); !rest.empty();) out.emplace_back(next_name(rest));
  return out;
}

std::string flag_set::flag::name() const {
  const std::string_view all = names_.view();
  return std::string(all.substr(all.rfind(',') + 1));
}

bool flag_set::flag::has_name(std::string_view name) const noexcept {
  for (std::string_view rest = names_.view(); !rest.empty();) {
    if (next_name(rest) == name) return true;
  }
  return false;
}

std::string flag_set::flag::help() const { return std::string(help_.view()) + (repeated_ ? " (may be repeated)" : ""); }

std::int64_t flag_set::flag::number_of(const std::string& text) const {
  const auto number = parse_number(text);
  if (number && *number >= lowest_ && *number <= highest_) return *number;
  bad_value(name(), text, "it is a number from " + std::to_string(lowest_) + " to " + std::to_string(highest_));
}

flag_set::flag* flag_set::flag::takes(literal placeholder, value_source source) {
  placeholder_ = placeholder;
  source_ = source;
  return this;
}

std::string flag_set::flag::placeholder() const {
  std::string text;
  for (const std::string& word : choices_) {
    if (!word.empty()) text += (text.empty() ? "" : "|") + word;
  }
  return text.empty() ? std::string(placeholder_.view()) : text;
}

void flag_set::flag::take(const std::string& value) {
  if (!choices_.empty() && std::ranges::find(choices_, value) == choices_.end())
    bad_value(name(), value, "it is " + one_of_text(choices_));
  take_(value);
  given_.push_back(value);
}

flag_set::flag_set(std::string description, std::string name, std::string examples)
    : description_(std::move(description)), name_(std::move(name)), examples_(std::move(examples)) {
  add_flag("--help", help_, "Show this text");
}

flag_set::~flag_set() = default;

flag_set::flag* flag_set::add(literal names, literal placeholder, literal help) {
  flag& f = flags_.emplace_back();
  f.names_ = names;
  f.placeholder_ = placeholder;
  f.help_ = help;
  return &f;
}

flag_set::flag* flag_set::add_flag(literal names, bool& variable, literal help) {
  flag* f = add(names, "", help);
  f->take_ = [f, &variable](const std::string& text) {
    const auto value = parse_boolean(text);
    if (!value) bad_value(f->name(), text, "it is true or false");
    variable = *value;
  };
  return f;
}

flag_set::flag* flag_set::add_option(literal names, std::string& variable, literal help) {
  return add_option(names, [&variable](const std::string& text) { variable = text; }, help);
}

flag_set::flag* flag_set::add_option(literal names, std::vector<std::string>& variable, literal help) {
  return add_option(names, [&variable](const std::string& text) { variable.push_back(text); }, help)->repeated();
}

flag_set::flag* flag_set::add_option(literal names, std::function<void(const std::string&)> take, literal help) {
  flag* f = add(names, "TEXT", help);
  f->take_ = std::move(take);
  return f;
}

void flag_set::add_argument(std::string name, std::string& variable, std::string help, value_source source) {
  declared_.push_back({std::move(name), std::move(help), source, &variable, nullptr, false});
}

void flag_set::add_argument(std::string name, std::vector<std::string>& variable, std::string help,
                            value_source source) {
  declared_.push_back({std::move(name), std::move(help), source, nullptr, &variable, false});
}

void flag_set::add_optional_argument(std::string name, std::string& variable, std::string help, value_source source) {
  declared_.push_back({std::move(name), std::move(help), source, &variable, nullptr, true});
}

void flag_set::stop_at_first_argument(std::string usage, value_source source) {
  stop_at_first_ = true;
  rest_usage_ = std::move(usage);
  rest_source_ = source;
}

void flag_set::parse(const std::vector<std::string>& words) {
  read(words);
  if (incomplete_ != nullptr) refuse("flag needs an argument: " + incomplete_text_);
  if (!help_) take_arguments();
}

flag_set::next_word flag_set::after(const std::vector<std::string>& words) {
  read(words);
  if (incomplete_ != nullptr) return {incomplete_};
  next_word next;
  next.may_be_flag = !flags_ended_;
  const std::size_t place = arguments_.size();
  if (stop_at_first_) {
    if (place == 0) next.argument = rest_source_;
  } else if (place < declared_.size()) {
    next.argument = declared_[place].source;
  } else if (!declared_.empty() && declared_.back().many != nullptr) {
    next.argument = declared_.back().source;
  }
  return next;
}

void flag_set::read(const std::vector<std::string>& words) {
  for (std::size_t at = 0; at < words.size();) {
    const std::string& word = words[at];
    const bool is_argument = word.size() < 2 || word.front() != '-';  // "-" too
    if (is_argument && !stop_at_first_) {
      arguments_.push_back(word);
      ++at;
    } else if (is_argument || word == "--") {
      arguments_.insert(arguments_.end(), words.begin() + static_cast<std::ptrdiff_t>(at + (is_argument ? 0 : 1)),
                        words.end());
      flags_ended_ = true;
      break;
    } else {
      at = word[1] == '-' ? take_long(words, at) : take_cluster(words, at);
    }
  }
}

// Reads "--flag", "--flag=value" or "--flag" "value" at position `at`. Returns the position of the next word.
std::size_t flag_set::take_long(const std::vector<std::string>& words, std::size_t at) {
  const std::string& word = words[at++];
  if (word[2] == '-' || word[2] == '=') refuse("bad flag syntax: " + word);
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  flag* f = known(name);
  if (f == nullptr) refuse_unknown(name);
  if (equals != std::string::npos) {
    f->take(word.substr(equals + 1));
  } else if (f->is_boolean()) {
    f->take("true");
  } else if (at < words.size()) {
    f->take(words[at++]);
  } else {
    incomplete_ = f;
    incomplete_text_ = name;
  }
  return at;
}

// Reads "-it", "-n5", "-n=5" or "-itu" "root". As in pflag, "-n=" gives the value "=": a "=" at the end of a word is no
// separator.
std::size_t flag_set::take_cluster(const std::vector<std::string>& words, std::size_t at) {
  const std::string& word = words[at++];
  for (std::string letters = word.substr(1); !letters.empty();) {
    flag* f = known(std::string("-") + letters.front());
    if (f == nullptr && letters.front() == 'h') {
      help_ = true;
      return at;
    }
    if (f == nullptr) {
      refuse_lacking("-" + letters.substr(0, 1));
      const std::string meant = "-" + word.substr(0, word.find('='));
      refuse("unknown shorthand flag: '" + letters.substr(0, 1) + "' in " + word,
             find(meant) != nullptr ? "did you mean " + meant + "? " : "");
    }
    if (letters.size() > 2 && letters[1] == '=') {
      f->take(letters.substr(2));
      return at;
    }
    if (f->is_boolean()) {
      f->take("true");
      letters.erase(0, 1);
      continue;
    }
    if (letters.size() == 1 && at == words.size()) {
      incomplete_ = f;
      incomplete_text_.assign("'").append(letters).append("' in ").append(word);
    } else {
      f->take(letters.size() > 1 ? letters.substr(1) : words[at++]);
    }
    return at;
  }
  return at;
}

void flag_set::take_arguments() {
  for (const flag& f : flags_) {
    if (f.required_ && f.count() == 0) refuse("it needs the flag " + f.name());
  }
  if (stop_at_first_) return;
  if (declared_.empty() && !arguments_.empty())
    refuse("it takes no arguments, and was given \"" + arguments_.front() + '"');
  std::size_t at = 0;
  for (const argument& a : declared_) {
    if (at == arguments_.size() && a.is_optional) continue;
    if (at == arguments_.size()) refuse("no " + a.name + " was given");
    if (a.one != nullptr) {
      *a.one = arguments_[at++];
    } else {
      a.many->assign(arguments_.begin() + static_cast<std::ptrdiff_t>(at), arguments_.end());
      at = arguments_.size();
    }
  }
  if (at < arguments_.size()) refuse("unexpected argument: \"" + arguments_[at] + '"');
}

const flag_set::flag* flag_set::find(std::string_view name) const {
  const auto found = std::ranges::find_if(flags_, [name](const flag& f) { return f.has_name(name); });
  return found == flags_.end() ? nullptr : &*found;
}

flag_set::flag* flag_set::known(std::string_view name) { return const_cast<flag*>(find(name)); }

void flag_set::refuse(const std::string& reason, const std::string& hint) const {
  throw error(errc::invalid_argument, "use " + title(), "", reason, hint + "see " + title() + " --help");
}

void flag_set::refuse_lacking(const std::string& name) const {
  if ((" " + std::string(lacking_.view()) + " ").find(" " + name + " ") != std::string::npos)
    throw error(errc::unsupported, "use " + title(), "", "lxr does not have the flag " + name + " yet");
}

void flag_set::refuse_unknown(const std::string& name) const {
  refuse_lacking(name);
  std::vector<std::string> known;
  for (const flag& f : flags_) {
    for (const std::string& n : f.names()) {
      if (n.starts_with("--")) known.push_back(n);
    }
  }
  const bool before_command = !name_.empty() && (name == "--root" || name == "--state");
  const std::string near = nearest(name, known);
  refuse("unknown flag: " + name, before_command ? "it stands before the command: lxr " + name + " DIR " + name_ + "; "
                                  : near.empty() ? ""
                                                 : "did you mean " + near + "? ");
}

std::string flag_set::synopsis() const {
  std::string text = "[OPTIONS]";
  if (!rest_usage_.empty()) text += " " + rest_usage_;
  for (const argument& a : declared_)
    text += (a.is_optional ? " [" + a.name + "]" : " " + a.name + (a.many != nullptr ? " [" + a.name + " ...]" : ""));
  return text;
}

}  // namespace lxr::cli
