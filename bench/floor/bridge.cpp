// SPDX-License-Identifier: Apache-2.0
// The bridge the other floor programs use, 10.250.0.1/16.
//   floor_bridge up|down
#include <string>

#include "bench/floor/link.hpp"

int main(int argc, char** argv) {
  lxr::floor::links all;
  all.remove("lxrfloor0");
  if (argc > 1 && std::string(argv[1]) == "up") all.make_bridge("lxrfloor0", 0x0afa0001);
  return 0;
}
