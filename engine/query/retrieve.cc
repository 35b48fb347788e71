#include "engine/query/retrieve.h"

#include "common/cancellation.h"

namespace tamis::engine {

Result<std::vector<CandidateList>> retrieve(const RetrievalContext& context, const FunnelConfig& funnel,
                                            StageClock* clock) {
  std::vector<CandidateList> lists;
  lists.reserve(funnel.retrievers.size());
  std::string stage;
  for (const RetrieverConfig& config : funnel.retrievers) {
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    const Retriever* retriever = find_retriever(config.kind);
    if (retriever == nullptr) return Status::internal("a stored funnel names the retriever \"" + config.kind + "\"");
    CandidateList& list = lists.emplace_back();
    list.label = retriever_label(config);
    list.weight = config.weight;
    if (Status status = retriever->retrieve(context, config, &list); !status.is_ok())
      return std::move(status).with_context(list.label);
    stage.assign("retrieve:").append(list.label);
    clock->end_stage(stage, list.candidates.size(), list.note);
  }
  return lists;
}

}  // namespace tamis::engine
