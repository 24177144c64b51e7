// The scaling law of Hoffmann et al. 2022, paper, Section 4.1, eq. (1):  L(N, D) = E + A / N^alpha + B / D^beta,
// N parameters, D training tokens, L in nats a token; and what follows from it in closed form (paper, Appendix D.2).
#pragma once

namespace separatrix {

struct ChinchillaLaw {
  double E, A, alpha, B, beta;
  double loss(double N, double D) const;
};

/// Whether E >= 0 and the others are above 0, all finite.
bool is_valid(const ChinchillaLaw& law);
/// Throws Error naming `whose` unless E >= 0 and the others are above 0, all finite.
void require_valid(const ChinchillaLaw& law, const char* whose);

/// Tokens at which a model of N parameters reaches `loss`: (B / (loss - E - A / N^alpha))^(1/beta); infinity where none do.
double tokens_for(const ChinchillaLaw& law, double loss, double N);
/// Parameters at which D tokens reach `loss`; infinity where none do.
double parameters_for(const ChinchillaLaw& law, double loss, double D);

/// How C = 6 N D floating-point operations are best spent.
struct Allocation {
  double N, D, loss;
};
/// Where alpha A / N^alpha = beta B / D^beta (Appendix D.2, construction of Table 19).
Allocation compute_optimal(const ChinchillaLaw& law, double flops);
/// The least C = 6 N D that reaches `loss`; infinity where none does.
double flops_for(const ChinchillaLaw& law, double loss);

}  // namespace separatrix
