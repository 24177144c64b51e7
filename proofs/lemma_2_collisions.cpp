// Lemma 2 of the paper, executed: in p-bit arithmetic a delta-rule layer must take two prefixes for one.
// The layer is the best of memories in exact numbers: c <- c / B + digit keeps every prefix apart.  Rounded to p bits it collides;
// the certificate is two prefixes of one state and a suffix on which the truths differ while the model's logits are the same.
#include <functional>
#include <optional>

#include "constructions/theory_blocks.h"
#include "constructions/weight_builder.h"
#include "proofs/lemma_2.h"
#include "proofs/residuals.h"
#include "proofs/token_runner.h"
#include "tasks/interpreter.h"

namespace separatrix {

// digits[i] has the digit i + 1; any other token leaves the state as it is.
BuiltModel memory_model(const std::string& task, const std::vector<std::string>& digits) {
  const Spec spec = theory_spec({delta_rule_block(1, 1, 1, 0, 0)});
  const std::vector<std::string> tokens = make_task(task)->vocabulary();
  WeightBuilder w(spec, tokens, {"one", "digit", "is_digit", "content"});
  w.embed_all({{"one", 1}});
  for (int i = 0; i < static_cast<int>(digits.size()); ++i) w.embed(digits[i], {{"digit", i + 1}, {"is_digit", 1}});
  const int base = static_cast<int>(digits.size());
  w.reads("0.q", 0, {{"one", 1}});
  w.reads("0.k", 0, {{"one", 1}});
  w.reads("0.v", 0, {{"digit", 1}});
  w.reads("0.a", 0, {{"one", 1}});
  w.reads("0.b", 0, {{"is_digit", Rational(base - 1, 2 * base)}});  // erase = 2 beta = 1 - 1 / B
  w.writes("0.o", "content", {{0, 1}});
  for (int i = 0; i < static_cast<int>(tokens.size()); ++i) w.logit(tokens[i], {{"content", i}});
  return {w.spec(), w.weights(), task, {}};
}

namespace {

/// All numbers of the states of all layers, exactly.
template <Field T>
std::vector<double> state_key(const typename Model<T>::State& state) {
  std::vector<double> key;
  for (const auto& mixer : state.mixers)
    for (const Matrix<T>& S : std::get<typename GatedDeltaRuleLayer<T>::State>(mixer).heads)
      for (const T& x : S.values()) key.push_back(to_double(x));
  return key;
}

/// Two prefixes of equal length and a suffix, as words.
struct Certificate {
  std::string u, v, suffix;
};
/// A suffix on which the two prefixes have different truths, if there is one.
using Distinguish = std::function<std::optional<std::string>(const std::string& u, const std::string& v)>;

/// Prefixes begin with `start` and go on by one of `steps` at a time.
struct Streams {
  std::string start;
  std::vector<std::string> steps;
  Distinguish distinguish;
};

template <Field T>
std::optional<Certificate> find_collision(const TokenRunner<T>& runner, const Streams& streams, int longest, std::size_t& states) {
  auto start = runner.start();
  runner.feed(start, streams.start);
  std::vector<std::pair<std::string, typename Model<T>::State>> level{{streams.start, start}};
  for (int n = 1; n <= longest; ++n) {
    std::vector<std::pair<std::string, typename Model<T>::State>> next;
    std::map<std::vector<double>, std::string> prefix_of;
    for (const auto& [prefix, state] : level)
      for (const std::string& step : streams.steps) {
        auto after = state;
        runner.feed(after, step);
        const std::string longer = prefix + " " + step;
        const auto [found, is_new] = prefix_of.emplace(state_key<T>(after), longer);
        if (!is_new)
          if (const auto suffix = streams.distinguish(found->second, longer)) return Certificate{found->second, longer, *suffix};
        next.emplace_back(longer, std::move(after));
      }
    level = std::move(next);
    states = prefix_of.size();
  }
  return std::nullopt;
}

std::string program_text(const std::string& words) {
  std::string text;
  std::istringstream in(words);
  for (std::string word; in >> word;) text += word == "\\n" ? "\n" : word + " ";
  return text;
}

/// The suffix that asks for the first bit in which two lists of equal length differ.
std::optional<std::string> ask_for_difference(const std::string& u, const std::string& v, const std::string& form) {
  int index = -1;
  std::istringstream us(u), vs(v);
  for (std::string a, b; us >> a && vs >> b;) {
    index += a == "0" || a == "1";
    if (a != b) return fmt::format(fmt::runtime(form), index);
  }
  return std::nullopt;
}

Streams list_streams(const std::string& form) {
  return {
      "bits = [ 0", {", 0", ", 1"}, [form](const std::string& u, const std::string& v) { return ask_for_difference(u, v, form); }};
}

/// Formulas as long as both prefixes can still be completed in the same way.
std::optional<std::string> distinguishing_formula(const std::string& u, const std::string& v) {
  const auto pending = [](const std::string& words) {
    int missing = 1;
    std::istringstream in(words);
    for (std::string word; in >> word;) {
      if (missing == 0) return 0;
      missing += word == "and" || word == "or" ? 1 : -1;
    }
    return missing;
  };
  const int r = pending(u);
  if (r == 0 || pending(v) != r) return std::nullopt;
  for (const std::vector<int>& leaves : all_lists(r, 2)) {
    std::string suffix = fmt::format("{}", fmt::join(leaves, " "));
    if (run_formula(u + " " + suffix) != run_formula(v + " " + suffix)) return suffix;
  }
  return std::nullopt;
}

using Truth = long (*)(const std::string& words);

/// Looks for a certificate at p bits, and checks it on the whole sequences.
void expect_certificate(Cases& cases, const BuiltModel& model, const Streams& streams, Truth truth, int p, int longest,
                        std::string& found) {
  const TokenRunner<LogFloat> runner(model, weights_as_log_float(model.spec, model.weights, p));
  std::size_t states = 0;
  const auto c = find_collision(runner, streams, longest, states);
  if (!cases.expect(c.has_value(), [&] { return fmt::format("{}: {} bits do not collide", model.task, p); })) return;
  const Row<LogFloat> a = runner.logits_after(runner.start(), c->u + " " + c->suffix),
                      b = runner.logits_after(runner.start(), c->v + " " + c->suffix);
  cases.expect(a == b && truth(c->u + " " + c->suffix) != truth(c->v + " " + c->suffix), [&] {
    return fmt::format("{}, {} bits: `{}` and `{}` before `{}` are no certificate", model.task, p, c->u, c->v, c->suffix);
  });
  if (found.empty())
    found = fmt::format("{} bits: `{}` and `{}` leave one state, but `{}` tells them apart", p, c->u, c->v, c->suffix);
}

/// In exact numbers the same layer keeps all prefixes apart.
void expect_no_collision(Cases& cases, const BuiltModel& model, const Streams& streams, int longest) {
  std::size_t states = 0, all = 1;
  const auto c = find_collision(token_runner<Rational>(model), streams, longest, states);
  for (int i = 0; i < longest; ++i) all *= streams.steps.size();
  cases.expect(!c && states == all, [&] { return fmt::format("{}: exact states collide", model.task); });
}

long program_truth(const std::string& words) {
  return run_program(program_text(words));
}

long formula_truth(const std::string& words) {
  return run_formula(words);
}

/// A task, the tokens its memory reads, and its prefixes.
struct Setting {
  std::vector<std::string> digits;
  Streams streams;
  Truth truth;
  int longest, exact_length;
};

Setting setting_of(const std::string& task) {
  if (task == "recall") return {{"0", "1"}, list_streams("] \\n assert bits [ {} ] =="), program_truth, 12, 8};
  if (task == "state_based_recall") {
    const std::string form = "] \\n a , b , c , d , e = {0} , {0} , {0} , {0} , {0} \\n a , c = c , a \\n assert bits [ a ] ==";
    return {{"0", "1"}, list_streams(form), program_truth, 12, 8};
  }
  return {{"0", "1", "and", "or"}, {"", {"0", "1", "and", "or"}, distinguishing_formula}, formula_truth, 7, 5};
}

}  // namespace

Outcome check_collisions(const std::string& task, const std::vector<int>& precisions) {
  const Setting setting = setting_of(task);
  const BuiltModel model = memory_model(task, setting.digits);
  Cases cases;
  std::string found;
  for (const int p : precisions) expect_certificate(cases, model, setting.streams, setting.truth, p, setting.longest, found);
  expect_no_collision(cases, model, setting.streams, setting.exact_length);
  return cases.done(found + fmt::format("; in exact numbers all prefixes of {} steps keep their own state", setting.exact_length));
}

Outcome check_collisions_recall() {
  return check_collisions("recall", {4, 6, 8});
}

Outcome check_collisions_state_based_recall() {
  return check_collisions("state_based_recall", {4, 6, 8});
}

Outcome check_collisions_formulas() {
  return check_collisions("polish_formula", {4, 6, 8});
}

}  // namespace separatrix
