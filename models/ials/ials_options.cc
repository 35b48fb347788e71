#include "models/ials/ials_options.h"

namespace tamis::models {

std::vector<ModelOption> ials_table() {
  const IalsOptions defaults;
  return {
      integer_option("dim", defaults.dim, 1, 2048, "length of the factors"),
      integer_option("iterations", defaults.iterations, 1, 1000, "sweeps over users and items"),
      number_option("unobserved_weight", 0, 0, 1e6,
                    "weight of the zeros (alpha_0); 0: by the data, 300 / items, at most 0.3"),
      number_option("regularization", 0.01, 1e-9, 1e6, "lambda, before frequency scaling"),
      number_option("regularization_exponent", defaults.regularization_exponent, 0, 1,
                    "how regularisation grows with the number of interactions (nu): 0 not at all, 1 in proportion"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "weight of what users turned down, beside what they like"),
      number_option("disliked_target", defaults.disliked_target, -1, 0,
                    "score that what users turned down is drawn to"),
      number_option("init_stddev", defaults.init_stddev, 1e-9, 1e3, "scale of the random start"),
      choice_option("solver", {"dual", "cg", "cholesky", "block"},
                    "how a row is solved: dual and cholesky exactly, cg by a few steps of conjugate gradient, block by "
                    "a pass over blocks of dimensions"),
      integer_option("cg_steps", defaults.cg_steps, 1, 100, "steps per row of the solver cg"),
      integer_option("block", defaults.block, 1, 2048, "dimensions that the solver block takes together"),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of the random start"),
  };
}

IalsOptions ials_options(const Settings& settings) {
  const auto solver = settings.find("solver");
  IalsOptions options{.dim = static_cast<std::uint32_t>(integer_setting(settings, "dim")),
                      .iterations = static_cast<std::uint32_t>(integer_setting(settings, "iterations")),
                      .unobserved_weight = number_setting(settings, "unobserved_weight"),
                      .regularization = number_setting(settings, "regularization"),
                      .regularization_exponent = number_setting(settings, "regularization_exponent"),
                      .disliked_weight = number_setting(settings, "disliked_weight"),
                      .disliked_target = number_setting(settings, "disliked_target"),
                      .init_stddev = number_setting(settings, "init_stddev"),
                      .seed = integer_setting(settings, "seed"),
                      .cg_steps = static_cast<std::uint32_t>(integer_setting(settings, "cg_steps")),
                      .block = static_cast<std::uint32_t>(integer_setting(settings, "block"))};
  if (solver != settings.end() && solver->second == "cg") options.solver = IalsSolver::kConjugateGradient;
  if (solver != settings.end() && solver->second == "cholesky") options.solver = IalsSolver::kCholesky;
  if (solver != settings.end() && solver->second == "block") options.solver = IalsSolver::kBlock;
  return options;
}

}  // namespace tamis::models
