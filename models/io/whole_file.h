// Files are written whole: a reader sees the old file or the new one, never a part; a failed write leaves the old one.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace separatrix {

/// Writes the parts one after the other to `path`: into a temporary file beside it, flushed to disk, then renamed.
/// A link is followed.  Throws Error (full disk, missing folder, no permission, a device, pipe or folder of that name) and removes
/// the temporary file; `path` is then untouched.
void write_whole(const std::string& path, std::span<const std::string_view> parts);
void write_whole(const std::string& path, std::string_view text);

/// Why write_whole would fail to begin; empty where it would not.  Changes nothing.
std::string why_not_writable(const std::string& path);

/// All bytes of a file.  Throws Error when it cannot be read.
std::string read_whole(const std::string& path);

}  // namespace separatrix
