// Where a verb will write is looked at before it begins: what takes minutes does not end at a path that was wrong from the start.
#pragma once
#include <string>

namespace separatrix {

/// Throws Error naming `option` unless a file can be written at `path`; changes nothing.  An empty path asks for nothing.
void check_output_file(const std::string& option, const std::string& path);

/// Throws Error naming `option` unless `path` is a folder that files can be written to, or can be made one; changes nothing.  An
/// empty path asks for nothing.
void check_output_folder(const std::string& option, const std::string& path);

/// Checks it and makes it.
void make_output_folder(const std::string& option, const std::string& path);

}  // namespace separatrix
