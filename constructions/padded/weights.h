// The formula program as a model: its 21 attention layers, one gated-delta-rule layer, a read-out.
#pragma once
#include "constructions/construction.h"
#include "constructions/padded/compile.h"

namespace separatrix::padded {

/// One symbol per word of the task polish_formula.
std::string token_symbols(const std::vector<std::string>& vocabulary);

/// tokens: the symbol (^ & | 0 1 # _) of every token of the vocabulary.  The weights are rational and depend on nothing else.
struct FormulaModel {
  Plan plan;
  Spec spec;
  decltype(BuiltModel::weights) weights;
};
FormulaModel formula_model(const std::string& tokens);

}  // namespace separatrix::padded
