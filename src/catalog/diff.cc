#include "catalog/diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "catalog/kinds.h"

namespace sluice::catalog {

using change::KindSet;
using change::TableName;

namespace {

constexpr KindSet kNull = change::kind_bit(change::ValueKind::Null);

std::string list_text(const std::vector<std::string>& names) {
  std::string text = "(";
  for (const std::string& name : names) text += (text.size() > 1 ? ", " : "") + name;
  return text + ")";
}

std::string key_text(const std::vector<std::string>& key) { return key.empty() ? "" : list_text(key); }

// One column of either side. What was learned or seen has kinds; what is declared has a type.
struct Side {
  std::string name;
  std::string type;  // for people
  std::optional<ColumnType> declared;
  KindSet kinds = 0;  // that it may show, or has shown
};

bool same_type(const Side& a, const Side& b) {
  if (a.declared && b.declared) return *a.declared == *b.declared;
  if (!a.declared && !b.declared) {
    const auto left = static_cast<KindSet>(a.kinds & ~kNull);
    const auto right = static_cast<KindSet>(b.kinds & ~kNull);
    return left == 0 || right == 0 || (left | right) == left || (left | right) == right;
  }
  const Side& seen = a.declared ? b : a;
  const Side& declared = a.declared ? a : b;
  return (seen.kinds & ~declared.kinds) == 0;
}

std::string kinds_text(KindSet kinds) {
  using change::ValueKind;
  static constexpr std::pair<ValueKind, const char*> kNames[] = {
      {ValueKind::Bool, "booleans"},        {ValueKind::Int, "whole numbers"},
      {ValueKind::BigInt, "whole numbers"}, {ValueKind::HugeInt, "whole numbers"},
      {ValueKind::Float, "fractions"},      {ValueKind::NonFinite, "NaN or infinities"},
      {ValueKind::String, "strings"},       {ValueKind::Object, "objects"},
      {ValueKind::Array, "arrays"}};
  std::vector<std::string> names;
  for (const auto& [kind, name] : kNames) {
    if ((kinds & change::kind_bit(kind)) != 0 && std::ranges::find(names, name) == names.end())
      names.emplace_back(name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " and ") + name;
  return text.empty() ? "nothing but null" : text;
}

std::vector<Side> sides_of(const Table& table) {
  std::vector<Side> sides;
  for (const Column& column : table.columns) {
    const std::optional<KindSet> behind = table.learned ? kinds_behind(column.type) : std::nullopt;
    Side side{column.name, to_text(column.type), column.type, kinds_of(column.type)};
    if (behind) {
      side.declared.reset();
      // Learned text may stand for anything that was seen as null only.
      side.kinds = column.type.type == Type::Text ? kNull : *behind;
    }
    sides.push_back(std::move(side));
  }
  return sides;
}

// The columns of one table on both sides, and which of them belong together.
class ColumnMatch {
 public:
  ColumnMatch(std::vector<Side> file, std::vector<Side> other)
      : file_(std::move(file)), other_(std::move(other)) {
    for (size_t at = 0; at < file_.size(); ++at) {
      if (index_of(other_, file_[at].name) < other_.size()) {
        const Side& there = other_[index_of(other_, file_[at].name)];
        if (same_type(file_[at], there)) ++unchanged_;
      } else {
        dropped_.push_back(at);
      }
    }
    for (size_t at = 0; at < other_.size(); ++at) {
      if (index_of(file_, other_[at].name) == file_.size()) added_.push_back(at);
    }
  }

  // Hardly anything of the table is as it was.
  bool is_remade() const {
    return !dropped_.empty() && !added_.empty() && 2 * unchanged_ < std::max(file_.size(), other_.size()) &&
           dropped_.size() > 1 && unchanged_ < dropped_.size();
  }

  // Of a dropped and a new column of one type: at the same place, or the only two of the type.
  std::vector<std::pair<size_t, size_t>> take_renamed() {
    std::vector<std::pair<size_t, size_t>> pairs;
    for (const bool by_place : {true, false}) {
      for (size_t i = 0; i < dropped_.size();) {
        const auto partner = std::ranges::find_if(added_, [&](size_t new_one) {
          if (!same_type(file_[dropped_[i]], other_[new_one])) return false;
          return by_place ? same_place(dropped_[i], new_one) : is_only_pair(file_[dropped_[i]]);
        });
        if (partner == added_.end()) {
          ++i;
          continue;
        }
        pairs.emplace_back(dropped_[i], *partner);
        added_.erase(partner);
        dropped_.erase(dropped_.begin() + static_cast<ptrdiff_t>(i));
      }
    }
    return pairs;
  }

  const std::vector<Side>& file() const { return file_; }
  const std::vector<Side>& other() const { return other_; }
  const std::vector<size_t>& dropped() const { return dropped_; }
  const std::vector<size_t>& added() const { return added_; }

  // Whether the columns that both have stand in one order.
  bool same_order() const {
    const auto common = [](const std::vector<Side>& of, const std::vector<Side>& and_of) {
      std::vector<std::string> names;
      for (const Side& side : of) {
        if (index_of(and_of, side.name) < and_of.size()) names.push_back(side.name);
      }
      return names;
    };
    return common(file_, other_) == common(other_, file_);
  }

 private:
  static size_t index_of(const std::vector<Side>& sides, const std::string& name) {
    return static_cast<size_t>(std::ranges::find(sides, name, &Side::name) - sides.begin());
  }
  // The same column stands before both.
  bool same_place(size_t in_file, size_t in_other) const {
    if (in_file == 0 || in_other == 0) return in_file == in_other;
    return file_[in_file - 1].name == other_[in_other - 1].name;
  }
  bool is_only_pair(const Side& gone) const {
    const auto of_type = [&gone](const std::vector<Side>& sides, const std::vector<size_t>& which) {
      return std::ranges::count_if(which, [&](size_t at) { return same_type(sides[at], gone); });
    };
    return of_type(file_, dropped_) == 1 && of_type(other_, added_) == 1;
  }

  std::vector<Side> file_;
  std::vector<Side> other_;
  std::vector<size_t> dropped_;
  std::vector<size_t> added_;
  size_t unchanged_ = 0;
};

class Comparison {
 public:
  std::vector<Difference> take() { return std::move(found_); }

  void add(Finding what, const TableName& table, std::string column = "", std::string was = "",
           std::string is = "", bool needs_doing = true) {
    found_.push_back({what, table, std::move(column), std::move(was), std::move(is), needs_doing});
  }

  void new_table(const Table& table) {
    add(Finding::NewTable, table.name, "", "",
        std::to_string(table.columns.size()) + (table.columns.size() == 1 ? " column" : " columns") +
            (table.key.empty() ? ", without a key" : ", key " + list_text(table.key)));
    if (table.key.empty() && !table.learned) add(Finding::NoKey, table.name);
  }

  void tables(const Table& file, const Table& other) {
    if (file.learned && !other.learned) add(Finding::LearnedEntry, file.name);
    ColumnMatch match(sides_of(file), sides_of(other));
    columns(file.name, match);
    if (!file.learned && !other.learned) {
      nullability(file, other);
      if (!match.same_order()) add(Finding::ColumnOrder, file.name);
    }
    const bool unknown = (file.learned && file.key.empty()) || (other.learned && other.key.empty());
    if (file.key != other.key && !unknown) {
      add(Finding::KeyChanged, file.name, "", key_text(file.key), key_text(other.key));
    } else if (other.key.empty() && !other.learned) {
      add(Finding::NoKey, file.name, "", "", "", !file.key.empty());
    }
  }

  // New, dropped, renamed-looking and retyped ones.
  void columns(const TableName& table, ColumnMatch& match) {
    if (match.is_remade()) {
      add(Finding::RemadeTable, table);
    } else {
      for (const auto& [was, is] : match.take_renamed())
        add(Finding::RenamedColumn, table, match.file()[was].name, match.file()[was].name,
            match.other()[is].name);
    }
    for (const size_t at : match.dropped())
      add(Finding::DroppedColumn, table, match.file()[at].name, match.file()[at].type);
    for (const size_t at : match.added())
      add(Finding::NewColumn, table, match.other()[at].name, "", match.other()[at].type);
    for (const Side& side : match.file()) {
      const auto there = std::ranges::find(match.other(), side.name, &Side::name);
      if (there != match.other().end() && !same_type(side, *there))
        add(Finding::RetypedColumn, table, side.name, side.type, there->type);
    }
  }

 private:
  void nullability(const Table& file, const Table& other) {
    for (const Column& column : file.columns) {
      const auto there = std::ranges::find(other.columns, column.name, &Column::name);
      if (there == other.columns.end() || there->nullable == column.nullable) continue;
      add(Finding::Nullability, file.name, column.name, column.nullable ? "nullable" : "not null",
          there->nullable ? "nullable" : "not null");
    }
  }

  std::vector<Difference> found_;
};

// A table of the file that is gone, and a new one with the same columns and key.
std::optional<TableName> renamed_to(const Table& gone, const std::map<TableName, const Table*>& added) {
  if (gone.columns.empty()) return std::nullopt;
  for (const auto& [name, table] : added) {
    if (table->columns == gone.columns && table->key == gone.key) return name;
  }
  return std::nullopt;
}

Side seen_side(const change::SeenColumn& column) {
  return {column.name, kinds_text(column.kinds), {}, static_cast<KindSet>(column.kinds & ~kNull)};
}

// A declared table against what its events show. The newest image decides which columns there are: it holds
// every one, nulls included.
void compare_seen_table(Comparison& out, const Table& file, const SeenTable& seen) {
  const auto was_seen = [&seen](const std::string& name) {
    return std::ranges::find(seen.state.columns, name, &change::SeenColumn::name) != seen.state.columns.end();
  };
  if (!seen.newest.empty()) {
    std::vector<Side> newest;
    for (const change::SeenColumn& column : seen.newest) newest.push_back(seen_side(column));
    ColumnMatch match(sides_of(file), newest);
    std::vector<Side> expected = sides_of(file);
    // A column that was added after the newest change is no difference, unless a name has taken its place.
    if (match.added().empty()) {
      for (const size_t at : match.dropped()) {
        if (!was_seen(match.file()[at].name))
          out.add(Finding::NotSeenYet, file.name, match.file()[at].name, "", "", false);
      }
      std::erase_if(expected, [&](const Side& side) {
        return !was_seen(side.name) && std::ranges::find(newest, side.name, &Side::name) == newest.end();
      });
    }
    ColumnMatch settled(std::move(expected), std::move(newest));
    out.columns(file.name, settled);
  }
  for (const Side& side : sides_of(file)) {
    const auto all = std::ranges::find(seen.state.columns, side.name, &change::SeenColumn::name);
    const auto now = std::ranges::find(seen.newest, side.name, &change::SeenColumn::name);
    if (all == seen.state.columns.end() || now == seen.newest.end()) continue;
    const auto strange = [&side](KindSet kinds) {
      return static_cast<KindSet>(side.declared ? kinds & ~side.kinds & ~kNull : 0);
    };
    // A text column shows any value as its text.
    const bool takes_all =
        !side.declared || side.declared->type == Type::Text || side.declared->type == Type::Varchar;
    if (takes_all || strange(now->kinds) != 0 || strange(all->kinds) == 0) continue;
    out.add(Finding::OldValues, file.name, side.name, side.type, kinds_text(strange(all->kinds)), false);
  }
  const change::TableKey& key = seen.state.key;
  if (key.columns == file.key || (file.learned && file.key.empty())) return;
  if (key.origin == change::KeyOrigin::IdColumn) {
    if (!file.key.empty())
      out.add(Finding::KeyUnknown, file.name, "", key_text(file.key), key_text(key.columns));
  } else {
    out.add(Finding::KeyChanged, file.name, "", key_text(file.key), key_text(key.columns));
  }
}

}  // namespace

std::string_view finding_name(Finding what) {
  switch (what) {
    case Finding::NewTable:
      return "new-table";
    case Finding::GoneTable:
      return "gone-table";
    case Finding::RenamedTable:
      return "renamed-table";
    case Finding::RemadeTable:
      return "remade-table";
    case Finding::NewColumn:
      return "new-column";
    case Finding::DroppedColumn:
      return "dropped-column";
    case Finding::RenamedColumn:
      return "renamed-column";
    case Finding::RetypedColumn:
      return "retyped-column";
    case Finding::Nullability:
      return "nullability";
    case Finding::ColumnOrder:
      return "column-order";
    case Finding::KeyChanged:
      return "key-changed";
    case Finding::KeyUnknown:
      return "key-unknown";
    case Finding::NoKey:
      return "no-key";
    case Finding::LearnedEntry:
      return "learned-entry";
    case Finding::NotSeenYet:
      return "not-seen-yet";
    case Finding::OldValues:
      return "old-values";
  }
  return "";
}

std::vector<Difference> compare(const Catalog& file, const Catalog& other) {
  std::map<TableName, const Table*> added;
  for (const auto& [name, table] : other.tables) {
    if (file.find(name) == nullptr) added.emplace(name, &table);
  }
  Comparison out;
  for (const auto& [name, table] : file.tables) {
    if (const Table* there = other.find(name); there != nullptr) {
      out.tables(table, *there);
    } else if (const auto now = renamed_to(table, added)) {
      out.add(Finding::RenamedTable, name, "", name.schema + "." + name.table,
              now->schema + "." + now->table);
      added.erase(*now);
    } else {
      out.add(Finding::GoneTable, name);
    }
  }
  for (const auto& [name, table] : added) out.new_table(*table);
  std::vector<Difference> found = out.take();
  std::ranges::stable_sort(found, {}, &Difference::table);
  return found;
}

std::vector<Difference> compare_with_seen(const Catalog& file, const std::vector<SeenTable>& seen) {
  Comparison out;
  std::set<TableName> met;
  for (const SeenTable& table : seen) {
    const TableName& name = table.state.name;
    met.insert(name);
    if (const Table* declared = file.find(name); declared != nullptr) {
      compare_seen_table(out, *declared, table);
    } else {
      out.add(Finding::NewTable, name, "", "",
              std::to_string(table.state.columns.size()) +
                  (table.state.columns.size() == 1 ? " column" : " columns"));
    }
  }
  for (const auto& [name, table] : file.tables) {
    if (!met.contains(name)) out.add(Finding::NotSeenYet, name, "", "", "", false);
    if (table.key.empty() && !table.learned) out.add(Finding::NoKey, name, "", "", "", false);
  }
  std::vector<Difference> found = out.take();
  std::ranges::stable_sort(found, {}, &Difference::table);
  return found;
}

}  // namespace sluice::catalog
