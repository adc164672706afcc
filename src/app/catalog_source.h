// The catalog that the setting `catalog` names: a file, an object in S3, or the text itself.
//
// A function has no place for files but its package, so it may also take the text from its environment, of
// which Lambda allows 4 KB in all:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
#pragma once

#include <optional>
#include <string>

#include "app/options.h"
#include "aws/session.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::app {

// FILE, s3://BUCKET/KEY, toml:TEXT, or gzip:TEXT for gzip's bytes in base64. Nothing when it is not set. An
// object is asked for again while its service does not answer, for at most `patience_ms`. Errors: Refused,
// naming the place as it was given; those of aws::S3.
Result<std::optional<catalog::Catalog>> catalog_of(const Options& options, aws::Session& session,
                                                   int64_t patience_ms);
// The same for a command, which reaches AWS only when the catalog is there.
Result<std::optional<catalog::Catalog>> catalog_of(const Options& options);

// How to name it to a person: the file or the object; of a text, where it was given.
std::string catalog_name(const Options& options);

}  // namespace sluice::app
