#include "sink/current_tables.h"

namespace sluice::sink {

CurrentPlan plan_current(const sql::ViewOptions& options, const CurrentTables& kept) {
  CurrentPlan plan;
  for (const auto& [table, chosen] : options) {
    if (!chosen.current_table || *chosen.current_table == kept.contains(table)) continue;
    (*chosen.current_table ? plan.begin : plan.end).insert(table);
  }
  return plan;
}

sql::ViewOptions with_current(sql::ViewOptions options, const CurrentTables& kept) {
  for (auto& [table, chosen] : options) chosen.current_table = false;
  for (const change::TableName& table : kept) options[table].current_table = true;
  return options;
}

}  // namespace sluice::sink
