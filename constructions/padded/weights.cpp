// Swaps in the gated delta rule, exact in every binary format (keys of D6): with T = three blocks of (1 1; 1 -1) / sqrt 2 on the
// diagonal, k_ij = T (e_i - e_j) / sqrt 2 has the entries 0, 1/2, -1/2, 1, -1, and I - 2 k k^T exchanges the contents S q_i and
// S q_j of the read queries q_i = sqrt 2 T e_i.  <bos> writes S = (1, 2, 1, 3, 0, 7): the contents are 3, -1, 4, -2, 7.
#include "constructions/padded/weights.h"

#include <algorithm>

#include "constructions/padded/formula_program.h"
#include "constructions/theory_blocks.h"

namespace separatrix::padded {
namespace {

constexpr int kKeyDim = 6;
constexpr int kFirstWrite[kKeyDim] = {1, 2, 1, 3, 0, 7}, kFirstNorm = 8;
constexpr int kFalseContent = 3, kTrueContent = 4;  // of the first register: (1 2 3) brings the content of the third

/// Entry c of sqrt 2 T e_i.
int read_query(int i, int c) {
  if (c / 2 != i / 2) return 0;
  return i % 2 == 1 && c % 2 == 1 ? -1 : 1;
}

std::vector<NormGroup> norm_groups(const std::map<int, int>& groups) {
  std::vector<NormGroup> out;
  for (const auto& [first, size] : groups) out.push_back({first, size});
  return out;
}

/// Hard attention and MLPs with normed groups.
std::vector<Block> blocks_of(const Plan& plan) {
  std::vector<Block> blocks;
  for (const LayerPlan& l : plan.layers) {
    int head_dim = 1;
    for (const HeadPlan& h : l.heads)
      head_dim = std::max({head_dim, static_cast<int>(h.query.size()), static_cast<int>(h.value.size())});
    Block block = hard_attention_block(static_cast<int>(l.heads.size()), head_dim, HardKeys::as_given, 0);
    block.norm = NormPlace::groups, block.groups = norm_groups(l.groups);
    for (std::size_t m = 0; m < l.mlps.size(); ++m) {
      const Mlp mlp{static_cast<int>(l.mlps[m].units.size()), Activation::relu, norm_groups(l.mlps[m].groups)};
      if (m == 0)
        block.mlp = mlp;
      else
        block.more_mlps.push_back(mlp);
    }
    blocks.push_back(block);
  }
  return blocks;
}

class Writer {
 public:
  Writer(Plan plan, const std::string& tokens) : model_{std::move(plan), {}, decltype(BuiltModel::weights)(Spec{})} {
    Spec& spec = model_.spec;
    spec.vocab = static_cast<int>(tokens.size()), spec.width = model_.plan.width;
    spec.blocks = blocks_of(model_.plan);
    spec.blocks.push_back(delta_rule_block(1, kKeyDim, 1, 0, 0));
    spec.final_norm = false, spec.norm_eps = 0;
    model_.weights = decltype(BuiltModel::weights)(spec);
    embed(tokens);
    for (std::size_t l = 0; l < model_.plan.layers.size(); ++l) write_layer(l);
    write_swaps();
    write_answer(tokens);
  }
  FormulaModel take() { return std::move(model_); }

 private:
  void set(const std::string& name, int row, int column, const Rational& value) {
    const Parameter& p = model_.weights.parameter(name);
    const std::int64_t columns = p.shape[1];
    model_.weights.values()[p.offset + row * columns + column] = value;
  }
  void set_row(const std::string& name, int row, const Terms& terms) {
    for (const Term& t : terms) set(name, row, t.coordinate, t.weight);
  }

  void embed(const std::string& tokens) {
    const std::string name = "model.embed_tokens.weight";
    for (std::size_t token = 0; token < tokens.size(); ++token) {
      const int row = static_cast<int>(token);
      set(name, row, Plan::one, 1), set(name, row, model_.plan.anchor, 1);
      const std::vector<bool> inputs = token_inputs(tokens[token]);
      for (std::size_t i = 0; i < inputs.size(); ++i) set(name, row, model_.plan.bools[i], inputs[i]);
      for (const auto& [num, value] : formula_program().program.constants()) {
        set(name, row, model_.plan.nums[num.id], value);
        set(name, row, model_.plan.nums[num.id] + 1, 1);
      }
    }
  }

  void write_layer(std::size_t l) {
    const LayerPlan& layer = model_.plan.layers[l];
    const std::string at = fmt::format("model.layers.{}.", l), attention = at + "self_attn.";
    const int dim = std::get<Attention>(model_.spec.blocks[l].mixer).head_dim;
    for (std::size_t h = 0; h < layer.heads.size(); ++h) {
      const HeadPlan& head = layer.heads[h];
      const int first = static_cast<int>(h) * dim;
      const auto set_channels = [&](const char* name, const std::vector<Terms>& channels) {
        for (std::size_t c = 0; c < channels.size(); ++c) set_row(attention + name, first + static_cast<int>(c), channels[c]);
      };
      set_channels("q_proj.weight", head.query);
      set_channels("k_proj.weight", head.key);
      set_channels("v_proj.weight", head.value);
      for (const HeadPlan::Write& w : head.writes) set(attention + "o_proj.weight", w.coordinate, first + w.channel, w.weight);
    }
    for (std::size_t m = 0; m < layer.mlps.size(); ++m) write_mlp((m == 0 ? at : more_mlp_name(at, m - 1)) + "mlp.", layer.mlps[m]);
  }

  void write_mlp(const std::string& at, const MlpPlan& mlp) {
    for (std::size_t u = 0; u < mlp.units.size(); ++u) {
      set_row(at + "up_proj.weight", static_cast<int>(u), mlp.units[u].reads);
      for (const Term& t : mlp.units[u].writes) set(at + "down_proj.weight", t.coordinate, static_cast<int>(u), t.weight);
    }
  }

  void write_swaps() {
    const std::string at = fmt::format("model.layers.{}.linear_attn.", model_.plan.layers.size());
    const int begin = model_.plan.bools[1];  // the input "begin"
    for (int c = 0; c < kKeyDim; ++c) {
      set(at + "q_proj.weight", c, Plan::one, read_query(0, c));
      set(at + "k_proj.weight", c, begin, Rational(kFirstWrite[c], kFirstNorm));
    }
    set(at + "v_proj.weight", 0, begin, kFirstNorm);
    set(at + "a_proj.weight", 0, Plan::one, 1);
    for (const auto& [swap, is_applied] : formula_program().swaps) {
      const int cell = model_.plan.bools[is_applied.id];
      set(at + "b_proj.weight", 0, cell, 1);
      for (int c = 0; c < kKeyDim; ++c)
        set(at + "k_proj.weight", c, cell, Rational(read_query(swap.first, c) - read_query(swap.second, c), 2));
    }
    set(at + "o_proj.weight", model_.plan.spare, 0, 1);
  }

  /// 2 w y - w^2 is largest for the w nearest to the content y; what is no value gets less.
  void write_answer(const std::string& tokens) {
    for (std::size_t token = 0; token < tokens.size(); ++token) {
      const int row = static_cast<int>(token);
      const bool is_value = tokens[token] == '0' || tokens[token] == '1';
      const int content = tokens[token] == '0' ? kFalseContent : kTrueContent;
      set("lm_head.weight", row, model_.plan.spare, is_value ? 2 * content : 0);
      set("lm_head.weight", row, Plan::one, is_value ? -content * content : 0);
    }
  }

  FormulaModel model_;
};

}  // namespace

std::string token_symbols(const std::vector<std::string>& vocabulary) {
  std::string symbols;
  for (const std::string& word : vocabulary) symbols += word == "and" ? '&' : word == "or" ? '|' : word == "<bos>" ? '^' : word[0];
  return symbols;
}

FormulaModel formula_model(const std::string& tokens) {
  return Writer(make_plan(formula_program().program), tokens).take();
}

}  // namespace separatrix::padded
