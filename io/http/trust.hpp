#pragma once

#include <string>
#include <vector>

namespace lxr::io::http {

// Which certificates sign the peers that are trusted: what SSL_CERT_FILE and SSL_CERT_DIR name, as OpenSSL and Go read them,
// else libcurl's own choice, else the first bundle that a known distribution has. Empty members leave it to libcurl.
struct trusted_certificates {
  std::string file, directory;
};
trusted_certificates find_trusted_certificates();

// Every file and directory that holds such certificates, or may be led to by them: to be readable where files are restricted.
std::vector<std::string> certificate_places();

}  // namespace lxr::io::http
