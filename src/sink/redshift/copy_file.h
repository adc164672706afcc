// CopyFile: rows as a gzip CSV file for COPY, and the statement that loads it. Pure functions.
//
// CSV and not JSON, because COPY takes a JSON object of at most 4 MB and may round its numbers; a field of
// CSV for a SUPER column is JSON text of up to 16 MB.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "change/batch.h"
#include "sink/redshift/settings.h"

namespace sluice::sink::redshift {

// One line of the file, appended. Every field is in quotes but NULL, which is \N.
void append_csv_row(std::string& to, const change::Row& row, const change::TableName& table);

std::string gzip(std::string_view bytes);

// Names exactly one file, which must be there.
std::string manifest_of(std::string_view file_url);

// COPY from the manifest. Its place cannot be a parameter, so it is built of parts that were checked.
std::string copy_statement(const Settings& settings, std::string_view manifest_url);

// Nothing when bucket, prefix and role can stand in a statement: letters, digits and / . _ - = and, in the
// role, the colons of an ARN.
Result<void> check_copy_settings(const Settings& settings);

}  // namespace sluice::sink::redshift
