// SPDX-License-Identifier: Apache-2.0
#include "io/http/trust.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <cstdlib>

namespace lxr::io::http {
namespace {

std::string from_environment(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

bool is_readable(const std::string& path) { return !path.empty() && ::access(path.c_str(), R_OK) == 0; }

constexpr const char* bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // newer Fedora and RHEL
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",             // the target of SUSE's link
    "/etc/ssl/cert.pem",                                  // Alpine, BSD
};

}  // namespace

trusted_certificates find_trusted_certificates() {
  trusted_certificates out{from_environment("SSL_CERT_FILE"), from_environment("SSL_CERT_DIR")};
  const auto* const built_in = curl_version_info(CURLVERSION_NOW);
  if (!out.file.empty() || (built_in->cainfo != nullptr && is_readable(built_in->cainfo))) return out;
  for (const char* bundle : bundles) {
    if (is_readable(bundle)) return {bundle, out.directory};
  }
  return out;
}

std::vector<std::string> certificate_places() {
  std::vector<std::string> out(std::begin(bundles), std::end(bundles));
  for (const char* directory :
       {"/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/var/lib/ca-certificates", "/etc/crypto-policies"})
    out.emplace_back(directory);
  if (const std::string file = from_environment("SSL_CERT_FILE"); !file.empty()) out.push_back(file);
  std::string rest = from_environment("SSL_CERT_DIR");  // several directories, separated by colons
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    if (colon != 0) out.push_back(rest.substr(0, colon));
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return out;
}

}  // namespace lxr::io::http
