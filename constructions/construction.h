// A construction: weights written by hand, as exact numbers, that solve a task for a reason one can read.
#pragma once
#include <string>
#include <vector>

#include "models/numbers/exact.h"
#include "models/weights.h"
#include "tasks/task.h"

namespace separatrix {

/// A model with exact weights and the task whose tokens it reads.
struct BuiltModel {
  Spec spec;
  Weights<Exact> weights;
  std::string task;
  TaskOptions options;
};

struct Construction {
  std::string name;
  std::string statement;  // what it shows
  std::string source;     // where it comes from
  std::string field;      // the smallest field that holds every number of its runs
  std::string n_means;    // what n counts
  int default_n;
  BuiltModel (*build)(int n);  // an n that cannot be built throws Error
  int smallest = 1;            // difficulty of its task from which on it is right
};

/// All constructions; constructions/all.cpp is the list.
const std::vector<Construction>& constructions();
/// An unknown name throws Error naming the nearest known one.
const Construction& find_construction(const std::string& name);

BuiltModel build_swaps_by_delta_rule(int variables);
BuiltModel build_swaps_in_trained_form(int variables);
BuiltModel build_recall_by_attention(int numbers);
BuiltModel build_parity_by_sign_flip(int k);
BuiltModel build_counter_by_mirrors(int k);
BuiltModel build_permutations_by_swaps(int points);
BuiltModel build_permutations_by_delayed_swaps(int points);
BuiltModel build_icosahedron_by_mirrors(int dim);
BuiltModel build_state_based_recall_delta_rule_first(int numbers);
BuiltModel build_state_based_recall_delta_rule_first_unary(int numbers);
BuiltModel build_state_based_recall_delta_rule_first_binary(int numbers);
BuiltModel build_state_based_recall_attention_first(int numbers);
BuiltModel build_state_based_recall_attention_first_unary(int numbers);
BuiltModel build_state_based_recall_pointers_first(int numbers);
BuiltModel build_state_based_recall_in_trained_form(int numbers);
BuiltModel build_padded_formulas(int any);

}  // namespace separatrix
