// Kinds: what the JSON of a column shows of its type, and what can be learned of a type from it.
#pragma once

#include <optional>

#include "catalog/catalog.h"
#include "change/batch.h"

namespace sluice::catalog {

// Every kind of value that DSQL may write for a column of this type, null included.
change::KindSet kinds_of(const ColumnType& type);

// The narrowest type that holds every kind that was seen exactly: boolean, bigint, double precision, jsonb,
// or text, which holds every value and is the answer whenever another one could lose a digit.
Type infer_type(change::KindSet kinds);

// The kinds that infer_type() made this type from, as far as they can be known; nothing for a type that it
// never gives, which a person must have written.
std::optional<change::KindSet> kinds_behind(const ColumnType& learned);

}  // namespace sluice::catalog
