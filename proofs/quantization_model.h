// The quantization model of neural scaling laws (Michaud et al. 2023) with expressivity: paper, Section 4.2 and Appendix E.
// Task k = 1, 2, ... is what a token is about with probability p_k = k^-(alpha+1) / zeta(alpha+1).  Each task is inexpressible with
// probability epsilon, independently of the others (Assumption 1).  Tokens of a task that is not learned lose L_0, of a learned one
// L_0 - Delta if it is expressible and L_0 - Delta' if not (Assumption 2).  It takes C or C' parameters, and T or T' tokens about
// it (Assumption 3).  Losses here are exact expectations over which tasks are expressible, up to the rounding of double precision.
#pragma once

namespace separatrix {

/// What tasks of one kind cost and bring.
struct TaskKind {
  double reduction;   // of the loss on a token, in nats, once the task is learned: Delta
  double parameters;  // C
  double tokens;      // about the task: T
};

struct QuantizationModel {
  double alpha = 0.25;   // tasks get rarer as k^-(alpha+1)
  double epsilon = 0;    // probability that a task is inexpressible
  double unlearned = 4;  // loss on a token whose task is not learned, in nats: L_0
  TaskKind expressible{3, 1, 1};
  TaskKind inexpressible{3, 1, 1};
};

/// Throws Error unless 0 < alpha <= 100, 0 <= epsilon <= 1, L_0 >= Delta >= Delta' >= 0, Delta > 0, C' >= C > 0, T' >= T > 0, all
/// finite.  (The paper has Delta' > 0, and discusses Delta' = 0.)
void require_valid(const QuantizationModel& m);

/// zeta(alpha+1), by which frequencies are normalised.
double frequency_norm(const QuantizationModel& m);
/// Mean loss reduction and mean parameters of a task, over expressibility.
double mean_reduction(const QuantizationModel& m);
double mean_parameters(const QuantizationModel& m);
/// L_inf = L_0 - (1 - epsilon) Delta - epsilon Delta': what is lost when all tasks are learned.
double irreducible_loss(const QuantizationModel& m);

/// Expected loss above the irreducible one with the n most frequent tasks learned, n a whole number: Lemma 3 and Corollary 3.1 of
/// Appendix E.
double excess_after_tasks(const QuantizationModel& m, double n);

/// Expected loss above the irreducible one with D >= 0 tokens and parameters enough.  A task is learned when D p_k is at least its
/// number of tokens (Definitions 3 and 4).
double excess_with_tokens(const QuantizationModel& m, double D);

/// Expected loss above the irreducible one with N >= 0 parameters and tokens enough.  Tasks are learned in the order of k, each at
/// its cost, until one does not fit into what is left of N (Definition 4); the sum runs over how many of the first k tasks are
/// inexpressible, where the two kinds differ in cost.  Throws Error where it would take more than some ten million terms (N / C
/// about 1e12): Theorem 4's power law is as good there.
double excess_with_parameters(const QuantizationModel& m, double N);

}  // namespace separatrix
