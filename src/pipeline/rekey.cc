#include "pipeline/rekey.h"

#include <utility>

#include "decode/decoder.h"
#include "keys/keys.h"

namespace sluice::pipeline {

change::Rekey rekey_by(change::TableName table, std::vector<std::string> key_columns) {
  return {std::move(table),
          [columns = std::move(key_columns)](std::string_view operation, std::string_view image) {
            thread_local decode::Decoder decoder;
            thread_local std::string padded;
            padded.assign(image).append(kReadableSlack, '\0');
            const Result<change::Image> scanned = decoder.scan_image({padded.data(), image.size()});
            CHECK(scanned.ok());  // the log holds only what was scanned when it landed
            std::string id;
            keys::make_record_id(id, columns, operation == "d", scanned.value());
            return id;
          }};
}

}  // namespace sluice::pipeline
