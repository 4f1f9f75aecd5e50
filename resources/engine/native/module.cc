// A Node-API module: loading it registers the ops with the TensorFlow library that is in the process.
#include <exception>

#include "node_api.h"

namespace eqnet {
void RegisterBatchNorm();
void RegisterFakeQuant();
}  // namespace eqnet

NAPI_MODULE_INIT() {
  try {
    eqnet::RegisterBatchNorm();
    eqnet::RegisterFakeQuant();
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
