// Mlp for JavaScript; src/worker/engine/mlp.ts has the types. A call computes on the thread that makes it: it takes less than a
// millisecond, and a promise would cost more.
#include <algorithm>
#include <memory>

#include "mlp.h"
#include "node_values.h"

namespace eqnet {
namespace {

using Net = std::unique_ptr<Mlp>;

Net& NetOf(napi_env env, napi_value value) {
  void* handle = nullptr;
  Check(napi_get_value_external(env, value, &handle), "The first argument is no network.");
  return *static_cast<Net*>(handle);
}

// (widths, members, tensors, instruction set or undefined) -> network, or null where the processor lacks that set
napi_value Create(napi_env env, napi_callback_info info) {
  napi_value args[4], result;
  size_t count = 4;
  Check(napi_get_cb_info(env, info, &count, args, nullptr, nullptr), "The arguments cannot be read.");
  const auto widths_view = ArrayOf<int32_t>(env, args[0]);
  const std::vector<int32_t> widths(widths_view.data, widths_view.data + widths_view.length);
  const int32_t members = NumberOf(env, args[1]);
  if (widths.size() < 2 || widths.back() != 1 || members < 1 || *std::min_element(widths.begin(), widths.end()) < 1)
    throw std::runtime_error("The network has no layers, members or columns, or more than one output.");
  std::vector<const float*> tensors;
  for (int64_t i = 0; i < 2 * members * (static_cast<int64_t>(widths.size()) - 1); i++) {
    napi_value one;
    Check(napi_get_element(env, args[2], static_cast<uint32_t>(i), &one), "The tensors are no list.");
    tensors.push_back(ArrayOf<float>(env, one, Mlp::tensor_size(widths, i)).data);
  }
  const MlpLoops* loops = FindMlpLoops(Name(env, args[3]).value);
  if (!loops) {
    napi_get_null(env, &result);
    return result;
  }
  auto net = std::make_unique<Net>(std::make_unique<Mlp>(widths, members, tensors, loops));
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Net*>(data); };
  Check(napi_create_external(env, net.get(), finalize, nullptr, &result), "The network cannot be kept.");
  net.release();
  return result;
}

// (network, codes, means)
napi_value Predict(napi_env env, napi_callback_info info) {
  napi_value args[3];
  size_t count = 3;
  Check(napi_get_cb_info(env, info, &count, args, nullptr, nullptr), "The arguments cannot be read.");
  const Net& net = NetOf(env, args[0]);
  if (!net) throw std::runtime_error("The network is released.");
  const auto means = ArrayOf<float>(env, args[2]);
  net->Predict(ArrayOf<float>(env, args[1], means.length * net->inputs()).data, means.length, means.data);
  return nullptr;
}

// (network): gives its memory back
napi_value Release(napi_env env, napi_callback_info info) {
  napi_value network;
  size_t count = 1;
  Check(napi_get_cb_info(env, info, &count, &network, nullptr, nullptr), "The arguments cannot be read.");
  NetOf(env, network).reset();
  return nullptr;
}

}  // namespace

void ExportMlp(napi_env env, napi_value exports) {
  Export<Create>(env, exports, "createMlp");
  Export<Predict>(env, exports, "predictMlp");
  Export<Release>(env, exports, "releaseMlp");
}

}  // namespace eqnet
