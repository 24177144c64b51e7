// The house itself: documents name files that exist, and includes follow the arrows of ARCHITECTURE.md.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path root = SOURCE_DIR;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

}  // namespace

TEST_CASE("every file that the documents name exists") {
  for (const char* document : {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "experiments/README.md"}) {
    const std::string text = text_of(root / document);
    REQUIRE(!text.empty());
    // `folder/file` in the seven folders, and linked pictures; patterns with < or * are recipes, not names.
    std::vector<std::string> names = matches(text, "`((?:tasks|constructions|models|kernels|experiments|proofs|tests)/[\\w./-]+)`");
    for (const std::string& picture : matches(text, "\\]\\((\\w[\\w./-]+)\\)")) names.push_back(picture);
    for (const std::string& name : names) {
      INFO(document << " names " << name);
      CHECK(fs::exists(root / name));
    }
  }
}

TEST_CASE("includes follow the arrows of the architecture") {
  const std::map<std::string, std::set<std::string>> may_use = {
      {"tasks", {"tasks"}},
      {"models", {"models"}},
      {"kernels", {"kernels", "models"}},
      {"constructions", {"constructions", "models", "tasks"}},
      {"proofs", {"proofs", "constructions", "models", "tasks"}},
      {"experiments", {"experiments", "proofs", "constructions", "kernels", "models", "tasks"}},
  };
  const std::set<std::string> for_everyone = {"tasks/error.h", "tasks/nearest.h", "tasks/rng.h"};
  for (const auto& [folder, allowed] : may_use)
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string type = entry.path().extension();
      if (type != ".h" && type != ".cpp" && type != ".inc" && type != ".cu") continue;
      for (const std::string& include : matches(text_of(entry.path()), "#include \"([^\"]+)\"")) {
        INFO(entry.path() << " includes " << include);
        CHECK((for_everyone.count(include) || allowed.count(include.substr(0, include.find('/')))));
      }
    }
}
