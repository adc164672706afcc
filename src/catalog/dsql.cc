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

// Too many connections, too many of them at once, and a transaction that met another one or a new schema.
bool asks_to_try_again(std::string_view state) {
  static constexpr std::array<std::string_view, 5> kStates = {"53300", "53400", "40001", "OC000", "OC001"};
  return std::find(kStates.begin(), kStates.end(), state) != kStates.end();
}

}  // namespace

Result<Catalog> read_dsql(const DsqlLogin& login) {
  Result<Connection> connection = Connection::open("", settings_of(login), "the cluster that --dsql names");
  if (!connection.ok()) {
    Error error = std::move(connection).error();
    // A cluster's name is there as soon as the cluster is.
    if (error.message.find("not known") != std::string::npos) error.kind = ErrorKind::Refused;
    return error;
  }
  Result<Catalog> catalog = read_from(connection.value());
  if (catalog.ok() || !asks_to_try_again(catalog.error().reason)) return catalog;
  Error error = std::move(catalog).error();
  error.kind = ErrorKind::Unavailable;
  return error;
}

}  // namespace sluice::catalog
