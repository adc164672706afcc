// Learned: a catalog made from what a store's events have shown, where no database can be asked.
//
// It is a guess and says so: numbers may be dates, strings may be numerics, a key is what the deletes named.
#pragma once

#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"

namespace sluice::catalog {

// Every table is marked as learned; its columns stand in the order of the views. A key that nothing has told
// is left empty.
Catalog learned_catalog(const std::vector<change::TableState>& tables);

}  // namespace sluice::catalog
