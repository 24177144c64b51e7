// Why a JSON text could not be read, in words of ours.
#pragma once
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "tasks/error.h"

namespace separatrix {

/// Of what parsing a text, or taking values and numbers out of it, throws: without the library's own names for its errors.
inline std::string json_reason(const std::exception& error) {
  const std::string what = error.what();
  if (const auto* parse = dynamic_cast<const nlohmann::json::parse_error*>(&error))
    return what.find("end of input") != std::string::npos ? "it is empty or cut off"
                                                          : fmt::format("it is not JSON from byte {} on", parse->byte);
  const auto* json = dynamic_cast<const nlohmann::json::exception*>(&error);
  if (!json) return dynamic_cast<const Error*>(&error) ? what : "a text stands where a number is wanted";  // stoll
  const std::size_t begin = what.find('\''), end = what.rfind('\'');
  if (json->id == 403 && begin < end) return fmt::format("{} is missing", what.substr(begin, end + 1 - begin));
  if (json->id >= 304 && json->id <= 306) return "something else stands where an object is wanted";
  const std::size_t tag = what.find("] ");
  return tag == std::string::npos ? what : what.substr(tag + 2);
}

}  // namespace separatrix
