// LogTable: cdc_events in Redshift, beyond appending to it: making it, counting in it, giving its rows other
// record ids.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "change/batch.h"
#include "sink/redshift/settings.h"
#include "sink/redshift/statement_runner.h"
#include "sink/rekey_effect.h"
#include "sink/store.h"

namespace sluice::sink::redshift {

class LogTable {
 public:
  LogTable(StatementRunner& runner, const Settings& settings) : runner_(runner), settings_(settings) {}

  // The table is there afterwards and has our columns. Without `create`, Refused when it is missing. Needs no
  // right to create anything where it exists.
  Result<void> prepare(bool create);

  // Rows, repeats included.
  Result<int64_t> count();
  // Every row of the table has the record id that the rekey gives it, in one transaction. Harmless to repeat.
  Result<void> rekey(const change::Rekey& rekey);
  // What that would do; nothing is changed.
  Result<RekeyEffect> try_rekey(const change::Rekey& rekey);

  // Rows per shard, each position once, however often it was landed.
  Result<std::vector<std::pair<std::string, int64_t>>> rows_per_shard();
  Result<std::map<change::TableName, int64_t>> keyless_rows();
  Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns);
  // Of images that Redshift gives as text: see redshift_string_bytes.
  Result<std::vector<NewestImage>> newest_images();

 private:
  struct NewId {
    int64_t event_id = 0;
    bool is_delete = false;
    std::string before;
    std::string after;
  };
  Result<std::vector<NewId>> ids_by(const change::Rekey& rekey);
  std::string image_text(std::string_view image) const;
  // The statements with the table's schema as the one where names are looked up.
  std::vector<std::string> in_schema(std::vector<std::string> statements) const;

  StatementRunner& runner_;
  const Settings& settings_;
};

}  // namespace sluice::sink::redshift
