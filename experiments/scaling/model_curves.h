// The paper's Figure 11: what expressivity does to loss in the quantization model, for three kinds of inexpressible tasks.
#pragma once
#include <string>
#include <vector>

#include "experiments/report/figure.h"
#include "proofs/quantization_law.h"

namespace separatrix {

/// Exact loss and law, in nats, of one model at one budget.
struct ModelLoss {
  std::string instance, budget;  // "lower reduction", ...; "parameters" or "tokens"
  double epsilon, amount, exact, law;
};

/// The losses of `m` at these parameters and tokens, for each epsilon.  Throws Error for budgets that are not finite and above 0.
std::vector<ModelLoss> model_losses(const QuantizationModel& m, const std::vector<double>& epsilons,
                                    const std::vector<double>& parameters, const std::vector<double>& tokens);

/// Figure 11's rows: inexpressible tasks as in `m` bring less at equal cost, cost more at equal reduction, and both; over six
/// decades of budgets from that of one task on.
std::vector<ModelLoss> figure_11_losses(const QuantizationModel& m, const std::vector<double>& epsilons);

std::string to_csv(const std::vector<ModelLoss>& losses);

/// Losses over parameters above, over tokens below; the paper's rows are the columns.  Points are exact, lines the laws.
Figure figure_11(const std::vector<ModelLoss>& losses);

}  // namespace separatrix
