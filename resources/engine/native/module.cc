// A Node-API module: loading it registers the ops with the TensorFlow library that is in the process; its exports run integer
// networks, for which no TensorFlow is needed.
#include <exception>

#include "integer_kernels.h"
#include "node_api.h"

namespace eqnet {
void RegisterAdam();
void RegisterBatchNorm();
void RegisterBatchNormInference();
void RegisterChannelQuant();
void RegisterDepthwise();
void RegisterFakeQuant();
void RegisterQuantConv();
void RegisterTableAdam();
void RegisterWeightMoments();
void ExportIntegerNet(napi_env env, napi_value exports);
void ExportSession(napi_env env, napi_value exports);
}  // namespace eqnet

NAPI_MODULE_INIT() {
  try {
    eqnet::RegisterAdam();
    eqnet::RegisterBatchNorm();
    eqnet::RegisterBatchNormInference();
    eqnet::RegisterChannelQuant();
    eqnet::RegisterDepthwise();
    eqnet::RegisterFakeQuant();
    eqnet::RegisterQuantConv();
    eqnet::RegisterTableAdam();
    eqnet::RegisterWeightMoments();
    eqnet::ExportIntegerNet(env, exports);
    eqnet::ExportSession(env, exports);
    napi_value multiplies_bytes;
    napi_get_boolean(env, eqnet::FindKernels("avx512vnni") != nullptr, &multiplies_bytes);
    napi_set_named_property(env, exports, "multipliesBytes", multiplies_bytes);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
