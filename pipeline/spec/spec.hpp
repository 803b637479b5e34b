// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/model/container_config.hpp"
#include "core/oci/image_config.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "pipeline/spec/user.hpp"

// Makes a runtime_spec from the options of a user and the config of an image, by the rules of docker and podman. Each
// section of options has a file of its own.
namespace lxr::spec {

// Returns the parts that do not depend on the image: mounts, namespaces, resources and protections; of the process only
// whether it has a terminal.
oci::runtime_spec make_surroundings(const container_config& config);

// Adds the process that options and image ask for. Throws errc::invalid_argument when neither names a command, and for
// a user that the image does not have.
void add_process(oci::runtime_spec& spec, const container_config& config, const oci::image_config& image,
                 const file_reader& read);
// Adds the process of an earlier start, whose spec is `kept`: with the same user, command, environment and working
// directory, but with the capabilities, limits and other settings that this lxr gives on this host.
void add_known_process(oci::runtime_spec& spec, const oci::runtime_spec& kept, const container_config& config);

// Returns make_surroundings() with add_process().
oci::runtime_spec make_spec(const container_config& config, const oci::image_config& image, const file_reader& read);

// A further process of a container (`lxr exec`). What it does not set is as in the spec of the first process.
struct further_process {
  std::vector<std::string> command, env;  // KEY=value
  std::string user, working_dir;          // empty: as the first process
  bool tty = false;
  bool privileged = false;  // with all capabilities that lxr has
};
oci::process_spec make_process(const oci::runtime_spec& of, const further_process& wanted, const file_reader& read);

// Returns the command line: entrypoint and command by docker's rules.
std::vector<std::string> command_line(const container_config& config, const oci::image_config& image);
// Returns the words joined by blanks, to show to users.
std::string command_text(const std::vector<std::string>& words);

// Adds an anonymous volume for each of the image's Volumes where nothing is mounted yet.
void add_image_volumes(storage_options& options, const std::vector<std::string>& volumes);

// The cgroup of a container.
// Failure: throws errc::invalid_argument for a path that names no block device.
oci::resources_spec resources(const resource_options& options);

// The sections of make_surroundings().
void add_namespaces(oci::runtime_spec& spec, const container_config& config);
void add_mounts(oci::runtime_spec& spec, const container_config& config);
void add_resources(oci::runtime_spec& spec, const container_config& config);
void add_security(oci::runtime_spec& spec, const container_config& config);
// After add_resources(): device rules are among the resources. Throws errc::invalid_argument for what is no device.
void add_devices(oci::runtime_spec& spec, const container_config& config);

// The annotation that neither user nor image has set HOME: a further process of another user gets the home directory of
// that user.
inline constexpr const char* derived_home_annotation = "lxr.home.derived";
// The annotation that TERM was set only because the container has a terminal.
inline constexpr const char* derived_term_annotation = "lxr.term.derived";

}  // namespace lxr::spec
