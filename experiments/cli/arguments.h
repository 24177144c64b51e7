// What is looked at in a command line beside what the parser looks at.
#pragma once

namespace CLI {
class App;
}

namespace separatrix {

/// Whole numbers are decimal, within 64 bits, and nothing is not zero: the parser by itself reads 010 as eight, an empty word as 0,
/// -1 as the largest number without a sign, and what is larger than any as the largest.  For all options added so far.
void read_numbers_strictly(CLI::App& app);

/// Throws Error for a verb that is none, or a word that is none of those which a verb wants one of (`bench step`).
void refuse_unknown_verb(const CLI::App& app, int argc, char** argv);

/// Throws Error for a list with an empty entry, 4,,8 or 4,: the parser by itself passes over it.
void refuse_empty_entries(const CLI::App& app, int argc, char** argv);

}  // namespace separatrix
