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

// Whether a connection was refused for what a person must change. libpq gives no SQLSTATE for a connection
// that did not come about, so its words and the server's decide; whatever else it may be can go away by
// itself.
bool is_for_a_person(std::string_view message) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "access denied", "authentication", "password",       "permission",
      "certificate",   "support SSL",    "does not exist", "not known"};
  return std::any_of(kWords.begin(), kWords.end(), [message](std::string_view word) {
    return message.find(word) != std::string_view::npos;
  });
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
    if (!is_for_a_person(error.message)) error.kind = ErrorKind::Unavailable;
    return error;
  }
  Result<Catalog> catalog = read_from(connection.value());
  if (catalog.ok() || !asks_to_try_again(catalog.error().reason)) return catalog;
  Error error = std::move(catalog).error();
  error.kind = ErrorKind::Unavailable;
  return error;
}

}  // namespace sluice::catalog
