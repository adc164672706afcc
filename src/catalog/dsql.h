// The catalog of an Aurora DSQL cluster.
//
// One connection, one read-only transaction of one statement, and it is closed: far from DSQL's 5 minutes for
// a transaction and 60 for a connection. A token opens connections, so whoever tries again makes a new one.
#pragma once

#include <string>

#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::catalog {

struct DsqlLogin {
  std::string host;
  int port = 5432;
  std::string user = "admin";
  std::string token;    // the password; never shown
  std::string ca_file;  // whom TLS believes; the name is checked as well
};

// Errors: Unavailable when nobody answers, the connection breaks or DSQL asks to try again (its limits of
// connections, a change of the schema meanwhile); otherwise Refused.
Result<Catalog> read_dsql(const DsqlLogin& login);

}  // namespace sluice::catalog
