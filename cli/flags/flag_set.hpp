// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags/literal.hpp"
#include "cli/flags/value_source.hpp"

namespace lxr::cli {

// The flags and arguments of one command, each with the variable it sets. parse() reads words exactly as Go's pflag
// does, on which docker, podman and scripts for them rely:
// - "--flag=" and "--flag ''" give an empty value;
// - "-itu root" is three flags;
// - a boolean flag takes a value only in the form "--flag=value";
// - of several values for one flag the last one counts;
// - "--" ends the flags.
// Lifecycle: declare all flags and arguments, then parse(), once.
// Owns: the declared flags.
// Borrows: the variables, until parse() has returned.
class flag_set {
 public:
  class flag;

  // `name` is how users call the command, "run" or "image rm"; "" for lxr itself. help() begins with `description`.
  // `examples`: command lines, one a line.
  flag_set(std::string description, std::string name, std::string examples = {});
  ~flag_set();
  flag_set(const flag_set&) = delete;
  flag_set& operator=(const flag_set&) = delete;

  // Declares a boolean flag. `names`, here and below: "-e,--env", the longest last.
  flag* add_flag(literal names, bool& variable, literal help);
  // Declare a flag with a value. A vector gets one more element each time the flag is given.
  flag* add_option(literal names, std::string& variable, literal help);
  flag* add_option(literal names, std::vector<std::string>& variable, literal help);
  // Declares a flag with a whole number. It refuses every number until flag::range() sets bounds.
  template <std::integral Number>
  flag* add_option(literal names, Number& variable, literal help);
  // Declares a flag whose values are passed to `take`, which throws errc::invalid_argument for a wrong one.
  flag* add_option(literal names, std::function<void(const std::string&)> take, literal help);

  // Declare exactly one argument, or one or more. `source` says what completion offers.
  void add_argument(std::string name, std::string& variable, std::string help,
                    value_source source = value_source::none);
  void add_argument(std::string name, std::vector<std::string>& variable, std::string help,
                    value_source source = value_source::none);
  // Declares one more argument, which may be left out; the variable keeps its value then.
  void add_optional_argument(std::string name, std::string& variable, std::string help,
                             value_source source = value_source::none);
  // Names flags, separated by blanks, that docker or podman have and this command does not: parse() says so.
  void lacks(literal names) { lacking_ = names; }
  // Ends the flags at the first argument: remaining() returns it and all words after it. `usage`: "IMAGE [COMMAND
  // ...]"; `source` says what completion offers for the first argument.
  void stop_at_first_argument(std::string usage, value_source source = value_source::none);

  // Reads the words and sets the variables. Throws errc::invalid_argument, also when --help is among wrong words. With
  // --help, wants_help() is true and missing arguments are no error.
  void parse(const std::vector<std::string>& words);
  [[nodiscard]] bool wants_help() const noexcept { return help_; }
  [[nodiscard]] const std::vector<std::string>& remaining() const noexcept { return arguments_; }
  // What a word after those that were read may be; for completion.
  struct next_word {
    const flag* value_of = nullptr;              // the value of this flag, and nothing else
    bool may_be_flag = false;                    // a flag, when it begins with '-'
    value_source argument = value_source::none;  // an argument of this source
  };
  // Reads `words` as parse() does, but lets the last flag lack its value, and arguments be missing. Throws
  // errc::invalid_argument for words that parse() refuses.
  next_word after(const std::vector<std::string>& words);

  struct argument {
    std::string name, help;
    value_source source = value_source::none;
    std::string* one = nullptr;
    std::vector<std::string>* many = nullptr;
    bool is_optional = false;
  };
  // "lxr run": how errors and help call the command.
  [[nodiscard]] std::string title() const { return name_.empty() ? "lxr" : "lxr " + name_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& description() const noexcept { return description_; }
  [[nodiscard]] const std::string& examples() const noexcept { return examples_; }
  // "[OPTIONS] IMAGE [COMMAND ...]": what follows title() in the usage.
  [[nodiscard]] std::string synopsis() const;
  [[nodiscard]] const std::list<flag>& flags() const noexcept { return flags_; }
  [[nodiscard]] const std::vector<argument>& arguments() const noexcept { return declared_; }
  // Returns the flag with this name ("--env", "-e"); nullptr when there is none.
  [[nodiscard]] const flag* find(std::string_view name) const;

 private:
  flag* known(std::string_view name);
  void read(const std::vector<std::string>& words);
  flag* add(literal names, literal placeholder, literal help);
  std::size_t take_long(const std::vector<std::string>& words, std::size_t at);
  std::size_t take_cluster(const std::vector<std::string>& words, std::size_t at);
  void take_arguments();
  [[noreturn]] void refuse(const std::string& reason, const std::string& hint = {}) const;
  void refuse_lacking(const std::string& name) const;  // returns when it is none of lacks()
  [[noreturn]] void refuse_unknown(const std::string& name) const;

  std::string description_, name_, examples_, rest_usage_;
  value_source rest_source_ = value_source::none;
  std::list<flag> flags_;
  std::vector<argument> declared_;
  std::vector<std::string> arguments_;
  literal lacking_;
  const flag* incomplete_ = nullptr;  // the last word names this flag, which takes a value
  std::string incomplete_text_;       // how a refusal says that it lacks one
  bool help_ = false, stop_at_first_ = false, flags_ended_ = false;
};

// One declared flag.
// Lifecycle: belongs to its flag_set, as long as that lives.
class flag_set::flag {
 public:
  // Restrict the values. parse() refuses others with a message that names the allowed ones.
  flag* one_of(std::vector<std::string> words);
  flag* range(std::int64_t lowest, std::int64_t highest);
  flag* required();
  // Says in help and manual that the flag may be given several times.
  flag* repeated();
  // How help and manual show the value: "FILE"; and what completion offers for it. One with one_of() needs neither.
  flag* takes(literal placeholder, value_source source = value_source::none);

  [[nodiscard]] std::size_t count() const noexcept { return given_.size(); }
  // Returns the values that the command line gives it, in order.
  [[nodiscard]] const std::vector<std::string>& given() const noexcept { return given_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::string name() const;
  [[nodiscard]] bool has_name(std::string_view name) const noexcept;
  [[nodiscard]] bool is_boolean() const noexcept { return placeholder_.view().empty(); }
  [[nodiscard]] bool is_number() const noexcept { return number_; }
  [[nodiscard]] bool is_required() const noexcept { return required_; }
  [[nodiscard]] std::string help() const;
  // What stands for the value in help and manual: "FILE", or "missing|always|never"; empty for a boolean flag.
  [[nodiscard]] std::string placeholder() const;
  [[nodiscard]] value_source source() const noexcept { return source_; }
  [[nodiscard]] const std::vector<std::string>& choices() const noexcept { return choices_; }
  [[nodiscard]] std::int64_t lowest() const noexcept { return lowest_; }
  [[nodiscard]] std::int64_t highest() const noexcept { return highest_; }

 private:
  friend class flag_set;
  void take(const std::string& value);
  // Reads a number within range(). Throws errc::invalid_argument.
  [[nodiscard]] std::int64_t number_of(const std::string& text) const;

  literal names_, placeholder_, help_;  // names with their dashes, separated by commas
  value_source source_ = value_source::none;
  bool required_ = false, number_ = false, repeated_ = false;
  std::int64_t lowest_ = 0, highest_ = -1;
  std::function<void(const std::string&)> take_;  // small enough to need no memory of its own
  std::vector<std::string> choices_, given_;
};

template <std::integral Number>
flag_set::flag* flag_set::add_option(literal names, Number& variable, literal help) {
  flag* f = add(names, "N", help);
  f->number_ = true;
  f->take_ = [f, &variable](const std::string& text) { variable = static_cast<Number>(f->number_of(text)); };
  return f;
}

}  // namespace lxr::cli
