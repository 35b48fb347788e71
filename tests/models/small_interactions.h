// Four users and five items for which tests have numbers from NumPy's dense matrices.
#pragma once

#include "models/interaction_matrix.h"

namespace tamis::models {

inline InteractionMatrix small_interactions() {
  return make_interaction_matrix(4, 5,
                                 {{.row = 0, .column = 0},
                                  {.row = 0, .column = 1},
                                  {.row = 1, .column = 0},
                                  {.row = 1, .column = 1},
                                  {.row = 1, .column = 2},
                                  {.row = 2, .column = 1},
                                  {.row = 2, .column = 3},
                                  {.row = 3, .column = 2},
                                  {.row = 3, .column = 3},
                                  {.row = 3, .column = 4}});
}

}  // namespace tamis::models
