// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/model/container_config.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "pipeline/spec/user.hpp"

// What a user asked for, over what an image asks for, as a runtime_spec: docker's and podman's rules. One file for each
// section.
namespace lxr::spec {

// Everything that is known without the image: the mounts, namespaces, resources and protections, and of the process
// only whether it has a terminal.
oci::runtime_spec make_surroundings(const container_config& config);

// Adds the process, of what the user and the image say. Throws errc::invalid_argument when neither user nor image names
// a command, or for a user whom the image lacks.
void add_process(oci::runtime_spec& spec, const container_config& config, const oci::image_config& image,
                 const file_reader& read);
// Adds the process of an earlier start: its user, command, environment and working directory are as the image said
// then; everything else (capabilities, limits, ...) is made anew, as this host and this lxr have it.
void add_known_process(oci::runtime_spec& spec, const oci::runtime_spec& kept, const container_config& config);

// make_surroundings() and add_process().
oci::runtime_spec make_spec(const container_config& config, const oci::image_config& image, const file_reader& read);

// A further process of a container, over the spec it was started with.
struct further_process {
  std::vector<std::string> command, env;  // KEY=value
  std::string user, working_dir;          // empty: as the first process
  bool tty = false;
};
oci::process_spec make_process(const oci::runtime_spec& of, const further_process& wanted, const file_reader& read);

// The command line alone: entrypoint and command after docker's rules.
std::vector<std::string> command_line(const container_config& config, const oci::image_config& image);
// The words joined by blanks, for people.
std::string command_text(const std::vector<std::string>& words);

// The sections of make_surroundings().
void add_namespaces(oci::runtime_spec& spec, const container_config& config);
void add_mounts(oci::runtime_spec& spec, const container_config& config);
void add_resources(oci::runtime_spec& spec, const container_config& config);
void add_security(oci::runtime_spec& spec, const container_config& config);

// The annotation that says that neither user nor image set HOME: a further process of another user has that one's.
inline constexpr const char* derived_home_annotation = "lxr.home.derived";
// The annotation that says that TERM is there only because of the terminal.
inline constexpr const char* derived_term_annotation = "lxr.term.derived";

}  // namespace lxr::spec
