// The kinds of retrievers: one object each, alive for the whole process.
#pragma once

#include <string_view>

#include "engine/retrieval/retriever.h"

namespace tamis::engine {

const Retriever& ann_retriever();              // nearest items to the user's vector in a space
const Retriever& item_knn_retriever();         // neighbours of the user's items
const Retriever& user_knn_retriever();         // what similar users took
const Retriever& bought_together_retriever();  // what goes with the last basket
const Retriever& rebuy_retriever();            // what is due to be taken again
const Retriever& similar_retriever();          // nearest items to each of the user's last few
const Retriever& popular_retriever();          // most interactions ever
const Retriever& trending_retriever();         // most interactions lately
const Retriever& latest_retriever();           // newest items

// What the generation's history model of that kind (EASE, a graph filter, ...) makes of the user's history; null where
// there is no such kind.
const Retriever* history_model_retriever(std::string_view kind);

}  // namespace tamis::engine
