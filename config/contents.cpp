// Fetches the files a configuration names.
#include "config/contents.h"

#include <filesystem>

#include "config/text.h"

namespace bulkhead::config {
namespace {

constexpr std::size_t max_ca_size = 1024 * 1024;

void complain(Reader& reader, const Origin& origin, std::string_view below, std::string message) {
  std::string key = origin.path + '.' + std::string(below);
  const Mark mark = reader.position(origin.source, key);
  reader.report(Severity::error, mark, std::move(key), std::move(message), "");
}

void read_ca(Reader& reader, const Origin& origin, std::string_view key, const std::string& file,
             std::string& pem) {
  if (file.empty()) return;
  reader.add_file(file);
  FileContents contents = read_file(file, max_ca_size);
  if (!contents.error.empty())
    return complain(reader, origin, key, "cannot be read: " + contents.error);
  if (contents.text.find("-----BEGIN CERTIFICATE-----") == std::string::npos ||
      first_bad_text(contents.text) != std::string::npos)
    return complain(reader, origin, key, "holds no PEM certificate");
  pem = std::move(contents.text);
}

void read_cas(Reader& reader, Backend& backend) {
  if (backend.proxy) {
    ParentTls& tls = backend.proxy->tls;
    read_ca(reader, backend.origin, "proxy.tls.ca_file", tls.ca_file, tls.ca);
  }
  if (backend.health_check) {
    HealthHttp& http = backend.health_check->http;
    read_ca(reader, backend.origin, "health_check.http.ca_file", http.ca_file, http.ca);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

void read_domain_lines(Reader& reader, Rule& rule, unsigned source, std::string_view text) {
  unsigned line = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view entry =
        trim(text.substr(0, end).substr(0, text.substr(0, end).find('#')));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line;
    if (entry.empty()) continue;
    if (auto pattern = parse_domain_pattern(entry))
      rule.match.listed_domains.push_back(std::move(*pattern));
    else
      reader.report(Severity::error, {source, line, 1}, rule.origin.path + ".match.domains_file",
                    "expected a domain pattern, found \"" + printable(entry) + '"',
                    "one a line, # begins a comment");
  }
}

void read_domains(Reader& reader, Rule& rule) {
  if (rule.match.domains_file.empty()) return;
  reader.add_file(rule.match.domains_file);
  const FileContents contents = read_file(rule.match.domains_file, max_file_size);
  if (!contents.error.empty())
    return complain(reader, rule.origin, "match.domains_file", "cannot be read: " + contents.error);
  read_domain_lines(reader, rule, reader.add_source(rule.match.domains_file), contents.text);
}

void note_missing(Backend& backend, const std::string& path) {
  std::error_code error;
  if (path.empty() || !backend.unavailable.empty() || std::filesystem::exists(path, error)) return;
  backend.unavailable = path + (error ? ": " + error.message() : " does not exist");
}

}  // namespace

void read_contents(Reader& reader, Config& config) {
  for (Backend& backend : config.backends) {
    read_cas(reader, backend);
    if (backend.wireguard) note_missing(backend, backend.wireguard->config_file);
    if (!backend.openvpn) continue;
    note_missing(backend, backend.openvpn->config_file);
    note_missing(backend, backend.openvpn->auth_file);
  }
  for (Rule& rule : config.rules) read_domains(reader, rule);
}

}  // namespace bulkhead::config
