// The models of word problems: all lengths by closure, whole multiplication tables, and very long words.
#include <deque>

#include "proofs/claim.h"
#include "proofs/state_text.h"
#include "proofs/token_runner.h"
#include "tasks/rng.h"
#include "tasks/word_group.h"

namespace separatrix {
namespace {

std::string option_of(const BuiltModel& model, const std::string& name, const std::string& fallback) {
  if (model.task != "word_problem") fail("the model is for the task '{}', not for word_problem", model.task);
  const auto found = model.options.find(name);
  return found == model.options.end() ? fallback : found->second;
}

/// f<T>() over the smallest field that holds the weights.
template <class F>
Outcome over_own_field(const BuiltModel& model, const F& f) {
  int d = 1;
  for (const Exact& x : model.weights.values())
    if (!x.is_rational()) d = std::max(d, x.d);
  if (d == 5) return f.template operator()<RootFive>();
  return d == 2 ? f.template operator()<RootTwo>() : f.template operator()<Rational>();
}

/// A model of a word problem, run element by element.
template <Field T>
class WordRunner {
 public:
  using State = typename Model<T>::State;

  explicit WordRunner(const BuiltModel& model)
      : group(option_of(model, "group", "S5")),
        runner_(token_runner<T>(model)),
        padding_(std::stoi(option_of(model, "padding", "0"))),
        start_(runner_.start()) {
    const Letters letters = letters_of(group, option_of(model, "letters", "elements"));
    for (const std::vector<int>& word : letters.spelling) {
      tokens_.emplace_back();
      for (const int letter : word) tokens_.back().push_back(runner_.id(letters.names[letter]));
    }
    runner_.feed(start_, group.name());
  }

  const State& start() const { return start_; }
  State after(State state, int g) const {
    for (const int token : tokens_[g]) runner_.feed(state, token);
    return state;
  }
  /// After some tokens `_`.
  State idle(State state, int tokens) const {
    for (int i = 0; i < tokens; ++i) runner_.feed(state, "_");
    return state;
  }
  /// Whether element g is the answer, its logit alone the largest.
  bool answers(const State& state, int g) const {
    const Row<T> logits = runner_.logits_after(idle(state, padding_), "=");
    const int right = runner_.id(group.elements()[g]);
    for (int other = 0; other < static_cast<int>(logits.size()); ++other)
      if (other != right && !(logits[other] < logits[right])) return false;
    return true;
  }

  const WordGroup group;

 private:
  TokenRunner<T> runner_;
  int padding_;
  State start_;
  std::vector<std::vector<int>> tokens_;  // per element
};

/// Breadth-first search over the exact states of the running model, one element per step.
template <Field T>
Outcome close(const BuiltModel& model) {
  if (model.spec.learned_positions > 0) fail("a model with learned positions has no finite set of states");
  const WordRunner<T> runner(model);
  const WordGroup& group = runner.group;
  struct Node {
    typename Model<T>::State state;
    int element;
  };
  Cases cases;
  std::map<std::string, int> element_of;
  std::deque<Node> queue;
  std::int64_t transitions = 0;
  const auto visit = [&](const typename Model<T>::State& state, int g, const std::string& how) {
    const auto [found, is_new] = element_of.emplace(text_of<T>(state).all, g);
    cases.expect(found->second == g, [&] {
      return fmt::format("{} leads to {}, but the state is that of {}", how, group.elements()[g], group.elements()[found->second]);
    });
    if (!is_new) return;
    cases.expect(runner.answers(state, g), [&] { return fmt::format("{}: {} is not the answer", how, group.elements()[g]); });
    cases.expect(static_cast<int>(element_of.size()) <= 4 * group.order(),
                 [&] { return fmt::format("{} leads to a state beyond {}", how, 4 * group.order()); });
    queue.push_back({state, g});
  };
  visit(runner.start(), group.identity(), "the empty word");
  while (!queue.empty() && cases.failures() == 0) {
    const Node node = std::move(queue.front());
    queue.pop_front();
    for (int g = 0; g < group.order(); ++g, ++transitions)
      visit(runner.after(node.state, g), group.product(node.element, g),
            fmt::format("{} times {}", group.elements()[node.element], group.elements()[g]));
  }
  return cases.done(fmt::format("{} states for {} elements, {} transitions and every read-out right", element_of.size(),
                                group.order(), transitions));
}

/// The word of two elements, for each pair; `_` between them puts them into different blocks of a model with a delay.
template <Field T>
Outcome table(const BuiltModel& model, int every) {
  const WordRunner<T> runner(model);
  const WordGroup& group = runner.group;
  Cases cases;
  for (const int apart : {0, 3})
    for (int g = 0; g < group.order() && cases.failures() == 0; ++g) {
      const auto state = runner.idle(runner.after(runner.start(), g), apart);
      for (int h = g % every; h < group.order(); h += every)
        cases.expect(runner.answers(runner.after(state, h), group.product(g, h)), [&] {
          return fmt::format("{} times {}, {} tokens between, is answered wrongly", group.elements()[g], group.elements()[h],
                             apart);
        });
    }
  return cases.done(fmt::format("{} products of two of the {} elements, side by side and 3 tokens apart",
                                every == 1 ? "all" : fmt::format("1 of {}", every), group.order()));
}

template <Field T>
Outcome long_word(const BuiltModel& model, int length) {
  const WordRunner<T> runner(model);
  const WordGroup& group = runner.group;
  Cases cases;
  auto state = runner.start();
  int product = group.identity();
  Rng rng = draw(1, Purpose::report, 2, 0);
  // Stop at the first failure: wrong weights may let the numbers grow without end.
  for (int n = 1; n <= length && cases.failures() == 0; ++n) {
    const int g = static_cast<int>(rng.below(group.order()));
    state = runner.after(std::move(state), g), product = group.product(product, g);
    if (n <= 40 || n % 250 == 0)
      cases.expect(runner.answers(state, product),
                   [&] { return fmt::format("a random word of {} elements is answered wrongly", n); });
  }
  return cases.done(fmt::format("one random word of {} elements, asked after each of the first 40 and each 250", length));
}

}  // namespace

Outcome check_word_closure(const BuiltModel& model) {
  return over_own_field(model, [&]<Field T>() { return close<T>(model); });
}
Outcome check_word_table(const BuiltModel& model) {
  return over_own_field(model, [&]<Field T>() { return table<T>(model, 1); });
}
Outcome check_word_table_part(const BuiltModel& model) {
  return over_own_field(model, [&]<Field T>() { return table<T>(model, 48); });
}
Outcome check_long_word(const BuiltModel& model) {
  return over_own_field(model, [&]<Field T>() { return long_word<T>(model, 10000); });
}

}  // namespace separatrix
