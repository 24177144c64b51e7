// What a parameter is called in the files of other programs.
#pragma once
#include <string>
#include <vector>

#include "models/io/hub_config.h"

namespace separatrix {

/// The names of our parameter `name` in files of that format: first the one that files on the hub have, then others that occur.
/// OlmoHybrid's names are ours; transformers' own save_pretrained (5.23) calls its first two norms otherwise, in attention blocks
/// too.
std::vector<std::string> hub_names(const std::string& name, HubFormat format);

}  // namespace separatrix
