// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::io::http {

// The certificates that peers are checked against. In this order: SSL_CERT_FILE and SSL_CERT_DIR (read as OpenSSL and
// Go do), libcurl's own choice, the first bundle of a known distribution. Empty members leave the choice to libcurl.
struct trusted_certificates {
  std::string file, directory;
};
trusted_certificates find_trusted_certificates();

// Returns every file and directory that may hold such certificates, or that links among them may lead to: lxr-image
// must be allowed to read these.
std::vector<std::string> certificate_places();

}  // namespace lxr::io::http
