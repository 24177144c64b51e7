// Lemma 2 of the paper, formulas in Polish notation of n tokens.  A prefix of c tokens that leaves r arguments pending acts on
// their values as a chain  t <- o_i(t, v_i); different functions: 2^c when it holds gates alone (r = c + 1: two gates per place),
// else 2^r + 1: two constants where the last leaf fixed the value, and the chains that still depend on it.
// Summed over r = c + 1, c - 1, ...  with 1 <= r <= n - c: near the middle about 2^(n / 2), so n / 2 bits must pass.
#include <map>

#include "proofs/lemma_2.h"
#include "proofs/residuals.h"
#include "tasks/interpreter.h"

namespace separatrix {
namespace {

/// A sequence of tokens and how many arguments it leaves pending.
struct Tokens {
  std::string text;
  int pending;
};

/// All ways to go on for `length` tokens from `pending` arguments; none may run out of arguments before its end.
std::vector<Tokens> continuations(int pending, int length) {
  std::vector<Tokens> all{{"", pending}};
  for (int i = 0; i < length; ++i) {
    std::vector<Tokens> longer;
    for (const Tokens& t : all) {
      if (t.pending == 0) continue;
      for (const char* leaf : {"0 ", "1 "}) longer.push_back({t.text + leaf, t.pending - 1});
      for (const char* gate : {"and ", "or "}) longer.push_back({t.text + gate, t.pending + 1});
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<std::string> completions(int pending, int length) {
  std::vector<std::string> texts;
  for (const Tokens& t : continuations(pending, length))
    if (t.pending == 0) texts.push_back(t.text);
  return texts;
}

std::size_t closed_form(int n, int c) {
  std::size_t sum = 0;
  for (int r = c + 1; r >= 1; r -= 2)
    if (r <= n - c) sum += r == c + 1 ? std::size_t{1} << c : (std::size_t{1} << r) + 1;
  return sum;
}

}  // namespace

// Prefixes with different numbers of pending arguments have no suffix in common.
std::size_t formula_residuals(int n, int c) {
  std::map<int, std::vector<std::string>> prefixes;  // by pending arguments
  for (const Tokens& t : continuations(1, c))
    if (t.pending >= 1 && t.pending <= n - c) prefixes[t.pending].push_back(t.text);
  std::size_t count = 0;
  for (const auto& [pending, texts] : prefixes)
    count += residual_count(texts, completions(pending, n - c),
                            [](const std::string& u, const std::string& v) { return run_formula(u + v) == 1; });
  return count;
}

Outcome check_formula_residuals(int largest, std::size_t (*closed_form)(int n, int c)) {
  Cases cases;
  for (int n = 3; n <= largest; n += 2)
    for (int c = 1; c < n; ++c) {
      const std::size_t got = formula_residuals(n, c), want = closed_form(n, c);
      cases.expect(got == want, [&] {
        return fmt::format("formulas of {} tokens, cut after {}: {} residual functions instead of {}", n, c, got, want);
      });
    }
  return cases.done(fmt::format("every cut of formulas of n = 3, 5, .., {} tokens; at the middle of n = {}: {} residual functions",
                                largest, largest, closed_form(largest, largest / 2)));
}

Outcome check_lemma_2_formulas() {
  return check_formula_residuals(9, closed_form);
}

Outcome check_lemma_2_formulas_deep() {
  return check_formula_residuals(11, closed_form);
}

}  // namespace separatrix
