// LogTable: cdc_events in Redshift, beyond appending to it: making it, counting in it, giving its rows other
// record ids, and its views.
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
#include "sink/store.h"
#include "sql/view.h"

namespace sluice::sink::redshift {

class LogTable {
 public:
  LogTable(StatementRunner& runner, const Settings& settings) : runner_(runner), settings_(settings) {}

  // The table is there afterwards and has our columns. Without `create`, Refused when it is missing. Needs no
  // right to create anything where it exists.
  Result<void> prepare(bool create);

  // Rows, repeats included.
  Result<int64_t> count();
  // Every row of the table has the record id that the rekey gives it. Harmless to repeat.
  Result<void> rekey(const change::Rekey& rekey);

  // Rows per shard, each position once, however often it was landed.
  Result<std::vector<std::pair<std::string, int64_t>>> rows_per_shard();
  Result<std::map<change::TableName, int64_t>> keyless_rows();
  Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns);
  Result<std::vector<NewestImage>> newest_images();

  // Makes the views, anew where their columns changed, many in one transaction. The error names the view.
  Result<void> make_views(const std::vector<const sql::View*>& views);
  Result<void> drop_view(const sql::View& view);
  // Lets somebody read the views and nothing else.
  Result<void> grant(const std::vector<sql::View>& views, const std::string& grantee);
  // Of a query over the log; empty when there is none.
  Result<ResultRow> first_row(const std::string& query);

 private:
  Result<void> make_view(const sql::View& view);
  Result<void> make_together(const std::vector<const sql::View*>& views);
  // The statements with the table's schema as the one where names are looked up.
  std::vector<std::string> in_schema(std::vector<std::string> statements) const;

  StatementRunner& runner_;
  const Settings& settings_;
};

}  // namespace sluice::sink::redshift
