// The one list of config keys: name, member, what is allowed, meaning.
#pragma once
#include "experiments/harness/config.h"
#include "experiments/harness/machine.h"

namespace separatrix {

/// What a value may be: a range for numbers, or one of some words.
struct Allowed {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  std::vector<std::string> words;
  bool above = false;  // least itself is excluded
};
inline Allowed between(double least, double most) {
  Allowed allowed;
  allowed.least = least;
  allowed.most = most;
  return allowed;
}
inline Allowed anything() {
  return {};
}
inline Allowed at_least(double least) {
  return between(least, std::numeric_limits<double>::infinity());
}
inline Allowed above(double least) {
  Allowed allowed = at_least(least);
  allowed.above = true;
  return allowed;
}
inline Allowed one_of(std::vector<std::string> words) {
  Allowed allowed;
  allowed.words = std::move(words);
  return allowed;
}

/// Calls visit(name, member, allowed, meaning) for every key, in the order of the file.
template <class Config, class Visit>
void for_each_key(Config& c, Visit&& visit) {
  visit("task.name", c.task.name, anything(), "the task (see `separatrix tasks list`); other keys of [task] are its options");
  visit("task.difficulty", c.task.difficulty, at_least(-1), "difficulty trained at without a curriculum; -1: not given");

  auto& m = c.model;
  auto& o = m.options;
  visit("model.preset", m.preset, one_of({"", "transformer", "gdn", "hybrid"}), "AAAA, GGGG or GGGA; give this or the pattern");
  static const std::string letters = fmt::format("one letter per block: {}", pattern_letters());
  visit("model.pattern", o.pattern, anything(), letters.c_str());
  visit("model.width", o.width, at_least(1), "width of the residual stream");
  visit("model.heads", o.heads, at_least(1), "heads of every mixer");
  visit("model.head_dim", o.head_dim, at_least(1), "key and query dimension of a head");
  visit("model.delta_heads", o.delta_heads, at_least(0), "heads of a delta rule; 0: heads");
  visit("model.key_dim", o.key_dim, at_least(0), "key and query dimension of a delta-rule head; 0: head_dim");
  visit("model.hidden", o.hidden, at_least(0), "hidden width of the SwiGLU MLP; 0: no MLP");
  visit("model.conv", o.conv, between(0, 16), "width of the short convolutions of a delta rule; 0: none");
  visit("model.expand_v", o.expand_v, between(1, 2), "value dimension / key dimension of a delta rule (Definition 1: 2)");
  visit("model.neg_eigval", o.neg_eigval, anything(),
        "beta reaches 2, so that a step of a delta rule can be a reflection (linear attention: writes twice as much)");
  visit("model.position", o.position, one_of({"rope", "none", "learned"}), "positions of attention");
  visit("model.max_positions", o.max_positions, at_least(1), "learned positions only");
  visit("model.rope_theta", o.rope_theta, above(0), "base of the rotary angles");
  visit("model.attention_norm", o.attention_norm, one_of({"post", "pre"}), "norms of attention blocks (OlmoHybrid: post)");
  visit("model.qk_norm", o.qk_norm, one_of({"full", "head", "none"}), "RMSNorm of q and k in attention (OlmoHybrid: full)");
  visit("model.init", m.init, one_of({"normal", "fan_in"}),
        "normal: deviation init_std everywhere (HF); fan_in: deviation fan_in^-1/2");
  visit("model.init_std", m.init_std, above(0), "init = normal: the deviation");
  visit("model.embed_std", m.embed_std, above(0), "init = fan_in: deviation of the embedding");

  auto& t = c.train;
  visit("train.steps", t.steps, at_least(0), "optimizer steps");
  visit("train.lr", t.lr, at_least(0), "learning rate after the warm-up");
  visit("train.schedule", t.schedule, one_of({"cosine", "constant"}),
        "after the warm-up: cosine to min_lr_ratio at the last step, or constant");
  visit("train.warmup", t.warmup, at_least(0), "steps of linear warm-up");
  visit("train.cooldown", t.cooldown, at_least(0),
        "constant: steps at the end in which the learning rate falls linearly; 0: it stays");
  visit("train.min_lr_ratio", t.min_lr_ratio, between(0, 1), "what the learning rate falls to / train.lr");
  visit("train.batch", t.batch, at_least(1), "sequences per step");
  visit("train.seed", t.seed, at_least(0), "of the data and of the initial weights");
  visit("train.beta1", t.beta1, between(0, 0.9999999), "AdamW: decay of the first moment");
  visit("train.beta2", t.beta2, between(0, 0.9999999), "AdamW: decay of the second moment");
  visit("train.eps", t.eps, above(0), "AdamW: added to the root of the second moment");
  visit("train.weight_decay", t.weight_decay, at_least(0), "AdamW: decoupled, on matrices and convolutions only");
  visit("train.clip", t.clip, at_least(0), "largest norm of the gradient; 0: no clipping");
  visit("train.precision", t.precision, one_of({"auto", "fp32", "bf16"}),
        "of matrix products, on cuda also of the activations between them; auto: bf16 where it is the faster");
  visit("train.device", t.device, one_of({"cpu", "reference", "cuda"}), "where it runs");
  visit("train.threads", t.threads, between(0, most_threads),
        "0: all cores, in a sweep the run's share; a resumed run keeps its number");
  visit("train.checkpoint_every", t.checkpoint_every, at_least(0), "steps between checkpoints; 0: only at the end");
  visit("train.log_every", t.log_every, at_least(1), "steps between lines of metrics.jsonl");
  visit("train.stop_when_solved", t.stop_when_solved, anything(), "end when the last (or only) level passes curriculum.threshold");

  auto& u = c.curriculum;
  visit("curriculum.kind", u.kind, one_of({"none", "milestones", "threshold"}),
        "how the difficulty rises: not, with time, or with accuracy");
  visit("curriculum.levels", u.levels, at_least(0), "difficulties, in order");
  visit("curriculum.until", u.until, at_least(1),
        "milestones: step at which each level ends; after the last number the last level stays");
  visit("curriculum.budget", u.budget, at_least(0),
        "threshold: steps a level may take before it is left anyway; the last number repeats; 0: no limit");
  visit("curriculum.threshold", u.threshold, between(0, 1), "hold-out accuracy that passes a level");
  visit("curriculum.check_every", u.check_every, at_least(0), "steps between hold-out checks; 0: none");
  visit("curriculum.samples", u.samples, at_least(1), "fresh examples per hold-out check");
  visit("curriculum.holdout", u.holdout, one_of({"train", "evaluate"}),
        "hold-out examples use the task's options, or those of [evaluate.task] too");
  visit("curriculum.mix", u.mix, between(0, 1), "fraction of the examples drawn from earlier levels");

  auto& e = c.evaluate;
  visit("evaluate.difficulties", e.difficulties, at_least(0), "difficulties evaluated at the end; empty: the levels trained");
  visit("evaluate.samples", e.samples, at_least(1), "examples per difficulty of the reported stream");
  visit("evaluate.select_samples", e.select_samples, at_least(0), "examples per difficulty of the stream that selects runs");
  visit("evaluate.seed", e.seed, at_least(0), "of both streams; the same for all runs that are compared");
}

}  // namespace separatrix
