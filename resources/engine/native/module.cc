// A Node-API module: loading it registers the ops with the TensorFlow library that is in the process; its exports run integer
// networks, for which no TensorFlow is needed.
#include <exception>

#include "node_api.h"

namespace eqnet {
void RegisterBatchNorm();
void RegisterChannelQuant();
void RegisterFakeQuant();
void RegisterWeightMoments();
void ExportIntegerNet(napi_env env, napi_value exports);
}  // namespace eqnet

NAPI_MODULE_INIT() {
  try {
    eqnet::RegisterBatchNorm();
    eqnet::RegisterChannelQuant();
    eqnet::RegisterFakeQuant();
    eqnet::RegisterWeightMoments();
    eqnet::ExportIntegerNet(env, exports);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
