// A Node-API module: loading it registers the ops with the TensorFlow library that is in the process; its exports run integer
// networks and accuracy predictors, for which no TensorFlow is needed.
#include <exception>

#include "integer_kernels.h"
#include "node_api.h"

namespace eqnet {
void RegisterAdam();
void RegisterBatchNorm();
void RegisterBatchNormInference();
void RegisterChannelQuant();
void RegisterDenseConv();
void RegisterDepthwise();
void RegisterFakeQuant();
void RegisterQuantConv();
void RegisterTableAdam();
void RegisterWeightMoments();
bool FusesProducts();
void ExportIntegerNet(napi_env env, napi_value exports);
void ExportMlp(napi_env env, napi_value exports);
void ExportSession(napi_env env, napi_value exports);
}  // namespace eqnet

NAPI_MODULE_INIT() {
  try {
    eqnet::RegisterAdam();
    eqnet::RegisterBatchNorm();
    eqnet::RegisterBatchNormInference();
    eqnet::RegisterChannelQuant();
    eqnet::RegisterDenseConv();
    eqnet::RegisterDepthwise();
    eqnet::RegisterFakeQuant();
    eqnet::RegisterQuantConv();
    eqnet::RegisterTableAdam();
    eqnet::RegisterWeightMoments();
    eqnet::ExportIntegerNet(env, exports);
    eqnet::ExportMlp(env, exports);
    eqnet::ExportSession(env, exports);
    const auto tell = [&](const char* name, bool is) {
      napi_value value;
      napi_get_boolean(env, is, &value);
      napi_set_named_property(env, exports, name, value);
    };
    tell("multipliesBytes", eqnet::FindKernels("avx512vnni") != nullptr);
    tell("fusesProducts", eqnet::FusesProducts());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
