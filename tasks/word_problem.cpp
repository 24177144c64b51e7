// Word problem: the product of a sequence of elements of a finite group.      [Barrington 1989; Merrill et al. 2024]
//   S5 21345 23145 = 32145           permutations by the images of 1 2 3 4 5; the first factor acts first
//   S5 (12) () () () (12) (13) () () = 32145       the same word, every element as four swaps
//   Z6 4 5 = 3
// Over S5 and A5 it is complete for NC1; Z2 is parity.
#include "tasks/generated_task.h"
#include "tasks/interpreter.h"
#include "tasks/word_group.h"

namespace separatrix {
namespace {

class WordProblem : public GeneratedTask {
 public:
  explicit WordProblem(const TaskOptions& given)
      : GeneratedTask("word_problem", given),
        group_(settings_.text("group", "S5", "S2 to S5, A3 to A5, Z2 to Z1000",
                              "S5 is the smallest unsolvable symmetric group; Z2 is parity, Zk counts modulo k")) {
    const std::string form = settings_.choice("letters", "elements", {"elements", "swaps", "half_turns"},
                                              "elements = one token each; swaps = n - 1 transpositions each, () where fewer do; "
                                              "half_turns (A5) = two each: what one reflection per token can follow");
    letters_ = letters_of(group_, form);
    padding_ = settings_.integer("padding", 0, 0, 1024, "tokens `_` before the `=`, for models that answer with a delay");
    read_common("answers", "the word is random: only its product can be learnt");
    if (tokenisation_.characters && group_.elements().back().size() > 1)
      fail("word_problem: group = {} with tokens = char: an answer must be one character, as of Z2 to Z10", group_.name());
    std::vector<Symbol> symbols{{group_.name(), " " + group_.name()}, {"=", " ="}, {"_", " _"}};
    for (const std::string& name : group_.elements()) symbols.push_back({name, " " + name});
    first_letter_ = form == "elements" ? kFirstElement : static_cast<int>(symbols.size());
    if (form != "elements")
      for (const std::string& name : letters_.names) symbols.push_back({name, " " + name});
    set_symbols(std::move(symbols));
  }

  std::string summary() const override { return "the product of a word of group elements"; }
  std::string difficulty_means() const override { return "elements"; }
  int min_difficulty() const override { return 1; }
  int max_difficulty() const override { return 1 << 20; }
  std::vector<int> levels() const override { return {4, 8, 16, 32, 64}; }
  std::string solve(const std::string& text) const override { return run_word(text); }
  const std::vector<Shortcut>& shortcuts() const override {
    static const std::vector<Shortcut> list = {{"constant", "always the identity"},
                                               {"first_element", "the first element"},
                                               {"last_element", "the last element"},
                                               {"last_two", "the product of the last two elements"}};
    return list;
  }

 private:
  enum WordSymbol { kGroup, kEquals, kPad, kFirstElement };

  void write(Rng& rng, int n, Draft& draft) const override {
    draft.add({kGroup});
    int product = group_.identity(), first = 0, last = group_.identity(), before_last = 0;
    for (int i = 0; i < n; ++i) {
      const int g = static_cast<int>(rng.below(group_.order()));
      for (const int letter : letters_.spelling[g]) draft.add({first_letter_ + letter});
      if (i == 0) first = g;
      before_last = last, last = g;
      product = group_.product(product, g);
    }
    draft.symbols.insert(draft.symbols.end(), padding_, kPad);
    draft.add({kEquals});
    draft.add_answer(kFirstElement + product);
    draft.shortcut_fails = fails_of(product, {group_.identity(), first, last, group_.product(before_last, last)});
  }

  WordGroup group_;
  Letters letters_;
  int padding_ = 0, first_letter_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_word_problem(const TaskOptions& options) {
  return std::make_unique<WordProblem>(options);
}

}  // namespace separatrix
