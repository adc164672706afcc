// Views: the *_current views and *_as_of functions of a PostgreSQL store, made again when tables change.
//
// In a transaction of their own, after the batch's: whoever reads a view must not hold up what lands, so a
// view that is in use is left for later. Threads: as the connection that is given.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "sink/postgres/connection.h"
#include "sink/store.h"
#include "sql/postgres.h"

namespace sluice::sink::postgres {

class Views {
 public:
  Views(std::optional<catalog::Catalog> catalog, sql::ViewOptions options)
      : catalog_(std::move(catalog)), options_(std::move(options)) {}

  // Makes the views whose text is not what this run has made, or all of them, drops those that are no longer
  // due, and lets `grantees` read them. Returns how many stand. A view keeps the rights that were granted on
  // it. A view that other objects depend on, or whose name belongs to something that is not ours, is left as
  // it is and logged once. Errors: Unavailable when somebody uses a view or the connection is lost; what is
  // missing then is made by the next call.
  Result<int64_t> make(Connection& connection, bool all, const std::vector<std::string>& grantees);
  // The same within the caller's transaction. When that does not commit, forget() what was made.
  Result<int64_t> make_in_transaction(Connection& connection, bool all,
                                      const std::vector<std::string>& grantees);
  void forget() { made_.clear(); }
  // What make() would change: it is made, looked at and taken back.
  Result<std::vector<ViewDifference>> differences(Connection& connection);
  // Drops everything that make() ever made in this store, but what other objects depend on. Returns the
  // number of views.
  Result<int64_t> drop(Connection& connection);
  Result<std::vector<UnconvertedColumn>> unconverted(Connection& connection) const;
  // The texts, without running them.
  Result<std::vector<sql::View>> wanted(Connection& connection) const;

 private:
  Result<void> begin(Connection& connection) const;
  Result<bool> drop_one(Connection& connection, const std::string& view, const std::string& function);
  // The options, with the maintained tables that the store has.
  Result<sql::ViewOptions> chosen(Connection& connection) const;
  const catalog::Catalog* catalog() const { return catalog_ ? &*catalog_ : nullptr; }
  Result<void> make_one(Connection& connection, const sql::View& view);
  Result<void> make_again(Connection& connection, const sql::View& view);
  void say_once(const std::string& view, const std::string& why);

  std::optional<catalog::Catalog> catalog_;
  sql::ViewOptions options_;
  std::vector<sql::View> made_;
  std::set<std::string> said_;
};

}  // namespace sluice::sink::postgres
