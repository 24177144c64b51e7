// State-based recall: follow pointers through n swaps, then look up the bit one of them points at.
//   bits = [0, 1, 1, 0]                                                    [Olmo Hybrid, Figure 5, Definition 2, Appendix C]
//   a, b, c, d, e = 3, 0, 2, 3, 1         or in unary, or in binary: pointer_encoding.h
//   a, c = c, a                n swaps
//   assert bits[c] == 0        a reveal after every k-th swap, of a bit or of a pointer (`assert c == 3`)
//   ...
//   assert bits[a] == 1        the question
// It needs state tracking (beyond transformers, if TC0 != NC1) and recall (beyond bounded states).
#include <algorithm>
#include <bit>

#include "tasks/cheap_tracker.h"
#include "tasks/generated_task.h"
#include "tasks/interpreter.h"
#include "tasks/pointer_encoding.h"
#include "tasks/program.h"

namespace separatrix {
namespace {

constexpr int kAsSwaps = 0;        // option bits = n
constexpr int kRandomSpacing = 0;  // option spacing = random

class StateBasedRecall : public GeneratedTask {
 public:
  explicit StateBasedRecall(const TaskOptions& given) : GeneratedTask("state_based_recall", given) {
    read_options();
    read_common("all", "the paper trains next-token predictors, reveals included");
    std::vector<Symbol> symbols = program_symbols(variables_, numbers_);
    for (Symbol& symbol : pointer_symbols(encoding_)) symbols.push_back(std::move(symbol));
    set_symbols(std::move(symbols));
    if (bits_ > numbers_) fail("state_based_recall: bits = {} needs numbers = {} or more", bits_, bits_);
    if (bits_ != kAsSwaps && bits_per_swap_ != 1) fail("state_based_recall: bits_per_swap = {} needs bits = n", bits_per_swap_);
    if (numbers_ < bits_per_swap_)
      fail("state_based_recall: bits_per_swap = {} needs numbers = {} or more", bits_per_swap_, bits_per_swap_);
    if (bits_ != kAsSwaps && distinct_ && bits_ < variables_)
      fail("state_based_recall: {} distinct pointers need bits = {} or more", variables_, variables_);
    if (warmup_ >= variables_)
      fail("state_based_recall: warmup_reveals = {}: at most {}, one less than the variables", warmup_, variables_ - 1);
    if (shown_ >= variables_)
      fail("state_based_recall: reveal_variables = {}: at most {}, one less than the variables", shown_, variables_ - 1);
    if (questions_ > variables_) fail("state_based_recall: questions = {}: at most {}, one a variable", questions_, variables_);
  }

  std::string summary() const override {
    return "follow pointers into an array of bits through n swaps and say the bit one points at";
  }
  std::string difficulty_means() const override { return bits_ == kAsSwaps ? "swaps and bits" : "swaps"; }
  int min_difficulty() const override {
    return bits_ != kAsSwaps ? 0 : distinct_ ? (variables_ + bits_per_swap_ - 1) / bits_per_swap_ : 1;
  }
  int max_difficulty() const override { return bits_ == kAsSwaps ? numbers_ / bits_per_swap_ : 1 << 20; }
  std::vector<int> levels() const override {
    std::vector<int> all = {4, 8, 16, 32, 64};
    std::erase_if(all, [&](int n) { return n < min_difficulty() || n > max_difficulty(); });
    return all;
  }
  std::string solve(const std::string& text) const override { return std::to_string(run_program(text)); }
  const std::vector<Shortcut>& shortcuts() const override {
    static const std::vector<Shortcut> list = {
        {"constant", "always 0"},
        {"majority_bit", "the more frequent bit of the array (0 when equally frequent)"},
        {"majority_pointed", "the more frequent of the bits that the pointers point at (0 when equally frequent)"},
        {"initial_pointer", "the bit the variable pointed at at the start"},
        {"last_update", "the bit that the variable it was swapped with last pointed at at the start"},
        {"last_reveal", "the bit the last reveal of the variable showed or pointed at; else the bit of its initial pointer"},
        {"since_last_reveal", "follows only what the last reveal showed; the bit of the initial pointer when that ends elsewhere"}};
    return list;
  }

 private:
  void read_options();
  void write(Rng& rng, int n, Draft& draft) const override;
  std::string range_advice() const override {
    return bits_ == kAsSwaps ? "; set the option numbers for more bits, or the option bits to a fixed number of them" : "";
  }

  std::vector<int> random_pointers(Rng& rng, int m) const;
  void write_pointers(ProgramWriter& program, const std::vector<int>& pointers, int m) const;
  /// Swaps between reveals; 0 = no reveals.
  int random_spacing(Rng& rng, int n) const;
  /// `count` different variables other than `excluded` (-1: none).
  std::vector<int> different_variables(Rng& rng, int count, int excluded) const;
  std::vector<int> variables_of_reveal(Rng& rng, int excluded) const;

  int numbers_ = 0, bits_ = 0, bits_per_swap_ = 1, variables_ = 0, spacing_ = 0, strict_ = 0, warmup_ = 0, shown_ = 1,
      questions_ = 1;
  bool warmup_mixed_ = false, reveal_last_ = false;
  bool distinct_ = false, bits_first_ = true, query_any_ = true;
  PointerEncoding encoding_ = PointerEncoding::token;
  std::string reveal_;
};

void StateBasedRecall::read_options() {
  numbers_ =
      settings_.integer("numbers", 128, 2, 65536, "the vocabulary has the numbers 0 .. numbers - 1; the paper goes to m = 64");
  bits_ = settings_.integer_or("bits", "n", "n", kAsSwaps, 1, 65536, "m = n in the paper's default setting; an integer fixes m");
  bits_per_swap_ = settings_.integer("bits_per_swap", 1, 1, 64,
                                     "with bits = n: m is this many times n; more bits than a state holds come sooner");
  variables_ = settings_.integer("variables", 5, 2, kMaxVariables, "five, as in the paper");
  distinct_ = settings_.flag("distinct", false, "pointers with replacement: the paper's m = 4 with five pointers forces repeats");
  reveal_ =
      settings_.choice("reveal", "both", {"bit", "pointer", "both"},
                       "the paper does not say what its asserts show; both = each is a bit or a pointer by a fair coin, which "
                       "teaches tracking and dereferencing");
  spacing_ =
      settings_.integer_or("spacing", "random", "random", kRandomSpacing, 1, 1 << 20,
                           "Appendix C.3: swaps between reveals, drawn per example uniformly from the powers of two up to n");
  shown_ = settings_.integer("reveal_variables", 1, 1, kMaxVariables,
                             "different variables shown at a reveal; more of them teach small models sooner");
  reveal_last_ = settings_.flag("reveal_last", false,
                                "true: other variables than the one asked are also shown after the last swap; else a single swap "
                                "is seen in the question alone");
  questions_ =
      settings_.integer("questions", 1, 1, kMaxVariables,
                        "different variables asked for at the end, the last of them as ever, the others as `reveal` says: more "
                        "that is learnt from an example without reveals; but the bits at the end are those at the start in another "
                        "order, so that with all variables asked the last answer can be counted out: evaluate with 1");
  strict_ = settings_.integer("strict", 20, 0, 100, "Appendix C.3: percent of examples without any reveal; evaluate with 100");
  warmup_ = settings_.integer("warmup_reveals", 0, 0, kMaxVariables,
                              "reveals of different variables before the first swap, so that small models can begin at n = 0; the "
                              "paper begins at n = 8 without");
  warmup_mixed_ =
      settings_.choice("warmup", "bit", {"bit", "mixed"},
                       "what they show: the bit pointed at, or mixed: half of them by index (`assert bits[3] == 1`), the others a "
                       "bit or a pointer, so that each step of the composition is also seen alone") == "mixed";
  bits_first_ = settings_.choice("order", "bits_first", {"bits_first", "pointers_first"},
                                 "Figure 5; pointers_first is the positive control: a bounded state then suffices") == "bits_first";
  encoding_ = pointer_encoding(
      settings_.choice("pointers", "token", pointer_encodings(),
                       "Figure 5 writes a number, here one token; unary (that many marks) and binary (lowest digit first) are the "
                       "encodings for which Theorem 1 is proved"));
  query_any_ = settings_.choice("query", "random", {"random", "a"},
                                "Appendix C.1 asks for a queried variable v; Definition 2 for the "
                                "first") == "random";
}

std::vector<int> StateBasedRecall::random_pointers(Rng& rng, int m) const {
  std::vector<int> pointers;
  while (static_cast<int>(pointers.size()) < variables_) {
    const int pointer = static_cast<int>(rng.below(m));
    if (!distinct_ || std::find(pointers.begin(), pointers.end(), pointer) == pointers.end()) pointers.push_back(pointer);
  }
  return pointers;
}

void StateBasedRecall::write_pointers(ProgramWriter& program, const std::vector<int>& pointers, int m) const {
  std::vector<std::vector<int>> values;
  for (const int p : pointers) values.push_back(encoded_pointer(encoding_, p, m, program.number(0), program.number(numbers_)));
  program.header(values);
}

int StateBasedRecall::random_spacing(Rng& rng, int n) const {
  if (n == 0) return 0;
  if (spacing_ != kRandomSpacing) return spacing_;
  return 1 << rng.below(std::bit_width(static_cast<unsigned>(n)));
}

std::vector<int> StateBasedRecall::different_variables(Rng& rng, int count, int excluded) const {
  const Update shuffled = random_permutation(rng, variables_);
  std::vector<int> chosen(shuffled.source.begin(), shuffled.source.begin() + variables_);
  std::erase(chosen, excluded);
  chosen.resize(count);
  return chosen;
}

std::vector<int> StateBasedRecall::variables_of_reveal(Rng& rng, int excluded) const {
  if (shown_ == 1 && excluded < 0) return {static_cast<int>(rng.below(variables_))};
  return different_variables(rng, shown_, excluded);
}

void StateBasedRecall::write(Rng& rng, int n, Draft& draft) const {
  ProgramWriter program(draft, variables_);
  const int m = bits_ == kAsSwaps ? n * bits_per_swap_ : bits_;
  std::vector<int> bits(m);
  for (int& bit : bits) bit = static_cast<int>(rng.below(2));
  const std::vector<int> pointers = random_pointers(rng, m);
  const int asked = query_any_ ? static_cast<int>(rng.below(variables_)) : 0;
  const int spacing = rng.chance(strict_, 100) ? -1 : random_spacing(rng, n);

  std::array<int, kMaxVariables> pointer{}, bit{};
  int ones = 0;
  for (int v = 0; v < variables_; ++v) pointer[v] = pointers[v], bit[v] = bits[pointers[v]], ones += bit[v];
  CheapTracker cheap(bit);

  const auto reveal_as = [&](int v, bool show_bit) {
    if (show_bit)
      program.assert_bit(program.name(v), bits[pointer[v]], /*last=*/false);
    else
      program.assert_variable(v, pointer[v], /*last=*/false);
    cheap.reveal(v, bits[pointer[v]]);
  };
  const auto reveal = [&](int v) { reveal_as(v, reveal_ == "bit" || (reveal_ == "both" && rng.below(2) == 0)); };
  const auto warm_up = [&](int v) {
    if (warmup_mixed_ && rng.below(2) == 0)
      program.assert_bit(program.number(pointer[v]), bits[pointer[v]], /*last=*/false);
    else
      reveal_as(v, !warmup_mixed_ || rng.below(2) == 0);
  };

  if (!bits_first_) write_pointers(program, pointers, m);
  program.bits_header(bits);
  if (bits_first_) write_pointers(program, pointers, m);
  if (warmup_ > 0 && spacing >= 0)  // without swaps, the bit asked for must not stand there
    for (const int v : different_variables(rng, warmup_, n == 0 ? asked : -1)) warm_up(v);
  for (int i = 1; i <= n; ++i) {
    const Update swap = random_swap(rng, variables_);
    program.update(swap);
    swap.apply(pointer);
    cheap.update(swap);
    const bool last = i == n;  // then a reveal must not give the answer away
    if (spacing <= 0 || i % spacing != 0 || (last && !reveal_last_)) continue;
    for (const int v : variables_of_reveal(rng, last ? asked : -1)) reveal(v);
  }
  if (questions_ > 1)
    for (const int v : different_variables(rng, questions_ - 1, asked)) reveal(v);
  const int answer = bits[pointer[asked]];
  program.assert_bit(program.name(asked), answer, /*last=*/true);
  const bool mostly_ones = 2 * std::count(bits.begin(), bits.end(), 1) > m;
  draft.shortcut_fails = fails_of(answer, {0, mostly_ones, 2 * ones > variables_, cheap.initial_value(asked),
                                           cheap.last_update(asked), cheap.last_reveal(asked), cheap.since_last_reveal(asked)});
}

}  // namespace

std::unique_ptr<Task> make_state_based_recall(const TaskOptions& options) {
  return std::make_unique<StateBasedRecall>(options);
}

}  // namespace separatrix
