// Keys: which columns identify a row of a table, and the text that identifies one row.
//
// Everything here is a pure function of what was seen, so any order of arrival ends at the same keys and the
// same record ids: of several deletes that teach different keys, the one with the latest commit decides.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "change/change.h"

namespace sluice::keys {

// Longer record ids are replaced by "sha256:" and the hex digest of what they would have been.
inline constexpr size_t kMaxRecordIdBytes = 2048;
// How the record id of a row that its key cannot identify starts; the hex SHA-256 of its image follows.
inline constexpr std::string_view kImagePrefix = "image:";

// The key of a table before any delete was seen: from the configuration, else from the catalog, else `id`.
// A table that the catalog knows to have no key gets none, unless a delete shows otherwise. A key that the
// catalog has only learned counts as one that deletes have taught, before any that is seen here.
change::TableKey initial_key(const change::TableName& table,
                             const std::map<change::TableName, std::vector<std::string>>& configured,
                             const catalog::Catalog* catalog);

// What a delete's `before` says about the key of its table.
enum class Lesson {
  Agrees,     // the same columns as the key
  Taught,     // `key` was replaced by a better one: rows that came before must be keyed anew
  Confirmed,  // the same columns, and they are now known to be the key, or since a later commit
  Disagrees,  // other columns than a key that is stronger or newer
};
Lesson learn(change::TableKey& key, const change::Image& before, int64_t commit_ts_ns);

// Writes the record id of one row to `to`, replacing what is there. With one key column its bare value, with
// several the JSON array of their values. When the image lacks a key column or has null there: for a delete,
// the id by the columns that its `before` has; otherwise kImagePrefix and the digest of the image.
void make_record_id(std::string& to, const std::vector<std::string>& key_columns, bool is_delete,
                    const change::Image& image);

}  // namespace sluice::keys
