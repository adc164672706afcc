#include "catalog/dsql.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "catalog/postgres_connection.h"

namespace sluice::catalog {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings settings_of(const DsqlLogin& login) {
  return {{"host", login.host},
          {"port", std::to_string(login.port)},
          {"user", login.user},
          {"password", login.token},
          {"dbname", "postgres"},
          {"sslmode", "verify-full"},
          {"sslrootcert", login.ca_file},
          {"gssencmode", "disable"},
          {"connect_timeout", "10"},
          // A connection on which nothing is acknowledged any longer is given up.
          {"tcp_user_timeout", "30000"}};
}

// Whether anybody takes connections there, asked once more only after one has failed.
bool answers(const Settings& settings) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQpingParams(names.data(), values.data(), 0) == PQPING_OK;
}

// Too many connections, too many of them at once, and a transaction that met another one or a new schema.
bool asks_to_try_again(std::string_view state) {
  static constexpr std::array<std::string_view, 5> kStates = {"53300", "53400", "40001", "OC000", "OC001"};
  return std::find(kStates.begin(), kStates.end(), state) != kStates.end();
}

}  // namespace

Result<Catalog> read_dsql(const DsqlLogin& login) {
  const Settings settings = settings_of(login);
  Result<Connection> connection = Connection::open("", settings, "the cluster that --dsql names");
  if (!connection.ok()) {
    Error error = std::move(connection).error();
    // A certificate or a password that is refused stays refused.
    const bool is_about_trust = error.message.find("certificate") != std::string::npos ||
                                error.message.find("SSL") != std::string::npos;
    if (!is_about_trust && !answers(settings)) error.kind = ErrorKind::Unavailable;
    return error;
  }
  Result<Catalog> catalog = read_from(connection.value());
  if (catalog.ok() || !asks_to_try_again(catalog.error().reason)) return catalog;
  Error error = std::move(catalog).error();
  error.kind = ErrorKind::Unavailable;
  return error;
}

}  // namespace sluice::catalog
