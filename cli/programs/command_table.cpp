// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"

namespace lxr::cli {
namespace {

constexpr command commands[] = {
    {"run", cmd_run, "Create and start a container"},
    {"create", cmd_create, "Create a container and prepare everything up to its start"},
    {"start", cmd_start, "Start created or exited containers"},
    {"exec", cmd_exec, "Run a command (or a shell) in a running container"},
    {"batch", cmd_batch, "Create and start many containers at once"},
    {"ps", cmd_ps, "List containers"},
    {"inspect", cmd_inspect, "Show everything known about containers or images, as JSON"},
    {"logs", cmd_logs, "Show the output of a container"},
    {"stop", cmd_stop, "Stop running containers"},
    {"kill", cmd_kill, "Send a signal to running containers"},
    {"pause", cmd_pause, "Stop all processes of containers until unpause"},
    {"unpause", cmd_unpause, "Let the processes of paused containers go on"},
    {"update", cmd_update, "Change the resources of containers"},
    {"port", cmd_port, "List the published ports of a container"},
    {"rm", cmd_rm, "Remove containers"},
    {"pull", cmd_pull, "Pull an image"},
    {"images", cmd_images, "List images"},
    {"rmi", cmd_rmi, "Remove images"},
    {"history", cmd_history, "Show how an image came to be"},
    {"image", cmd_image, "Work on images: ls, pull, rm, inspect, history, prune"},
    {"volume", cmd_volume, "Work on volumes: create, ls, inspect, rm, prune"},
    {"network", cmd_network, "Work on networks: create, ls, inspect, connect, disconnect, rm, prune, reload"},
    {"system", cmd_system, "Care for the store: df, prune, check, info"},
    {"info", cmd_info, "Show what this host offers and where lxr keeps things"},
    {"completion", cmd_completion, "Print a script that makes a shell complete lxr's words"},
    {"version", cmd_version, "Show the version"},
};

}  // namespace

std::span<const command> all_commands() { return commands; }

}  // namespace lxr::cli
