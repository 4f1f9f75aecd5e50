// IntegerNet for JavaScript; src/worker/engine/integer-net.ts has the types. Work on images runs on a thread of Node's pool, which
// ParallelBlocks joins with its own, and ends a promise.
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "integer_net.h"
#include "node_values.h"

namespace eqnet {
namespace {

using Net = std::shared_ptr<IntegerNet>;

// Arguments of a call of which the first is a network.
struct Call {
  napi_env env;
  napi_value args[4] = {};
  size_t count = 4;
  Net net;

  Call(napi_env env, napi_callback_info info, bool with_net = true) : env(env) {
    Check(napi_get_cb_info(env, info, &count, args, nullptr, nullptr), "The arguments cannot be read.");
    if (!with_net) return;
    void* handle = nullptr;
    Check(napi_get_value_external(env, args[0], &handle), "The first argument is no network.");
    net = *static_cast<Net*>(handle);
    if (!net) throw std::runtime_error("The network is released.");
  }
  int32_t Convolution(int index) const {
    const int32_t convolution = NumberOf(env, args[index]);
    if (convolution < 0 || convolution >= net->convolution_count()) throw std::runtime_error("The network has no such convolution.");
    return convolution;
  }
};

// A piece of work whose result, an array, ends a promise.
struct Task {
  Net net;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref images = nullptr;  // keeps the pixels alive
  const uint8_t* pixels = nullptr;
  int64_t count = 0;
  int32_t convolution = -1;
  napi_ref result = nullptr;
  void* out = nullptr;
  std::string problem;
};

void Execute(napi_env, void* data) {
  Task& task = *static_cast<Task*>(data);
  try {
    if (task.convolution >= 0) task.net->Moments(task.pixels, task.convolution, static_cast<double*>(task.out));
    else task.net->Evaluate(task.pixels, task.count, static_cast<float*>(task.out));
  } catch (const std::exception& error) {
    task.problem = error.what();
  }
}

void Complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  napi_value result = nullptr;
  napi_get_reference_value(env, task->result, &result);
  if (task->problem.empty()) {
    napi_resolve_deferred(env, task->deferred, result);
  } else {
    napi_value message = nullptr, error = nullptr;
    napi_create_string_utf8(env, task->problem.c_str(), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, nullptr, message, &error);
    napi_reject_deferred(env, task->deferred, error);
  }
  if (task->images) napi_delete_reference(env, task->images);
  napi_delete_reference(env, task->result);
  napi_delete_async_work(env, task->work);
}

napi_value Start(napi_env env, std::unique_ptr<Task> task, napi_typedarray_type type, int64_t length) {
  napi_value buffer, array, name, promise;
  const size_t bytes = length * (type == napi_float64_array ? sizeof(double) : sizeof(float));
  Check(napi_create_arraybuffer(env, bytes, &task->out, &buffer), "There is no memory for the result.");
  Check(napi_create_typedarray(env, type, length, buffer, 0, &array), "There is no memory for the result.");
  Check(napi_create_reference(env, array, 1, &task->result), "The result cannot be kept.");
  Check(napi_create_promise(env, &task->deferred, &promise), "No promise could be made.");
  napi_create_string_utf8(env, "eqnet-integer-net", NAPI_AUTO_LENGTH, &name);
  Check(napi_create_async_work(env, nullptr, name, Execute, Complete, task.get(), &task->work), "The work could not be started.");
  Check(napi_queue_async_work(env, task->work), "The work could not be started.");
  task.release();
  return promise;
}

// (plan, constants, instruction set or undefined) -> network
napi_value Create(napi_env env, napi_callback_info info) {
  const Call call(env, info, false);
  const auto plan = ArrayOf<int32_t>(env, call.args[0]);
  const auto constants = ArrayOf<float>(env, call.args[1]);
  const Kernels* kernels = FindKernels(Name(env, call.args[2]).value);
  napi_value result = nullptr;
  if (!kernels) {
    napi_get_null(env, &result);
    return result;
  }
  auto net = std::make_unique<Net>(std::make_shared<IntegerNet>(plan.data, plan.length, constants.data, constants.length, kernels));
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Net*>(data); };
  Check(napi_create_external(env, net.get(), finalize, nullptr, &result), "The network cannot be kept.");
  net.release();
  return result;
}

// (network, grids, weights of each convolution, zero points of each)
napi_value Load(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto grids = ArrayOf<float>(env, call.args[1], 4 * call.net->quantizer_count());
  std::vector<const int8_t*> weights;
  std::vector<const int32_t*> zero_points;
  for (int32_t i = 0; i < call.net->convolution_count(); i++) {
    napi_value one;
    Check(napi_get_element(env, call.args[2], i, &one), "The weights are no list.");
    weights.push_back(ArrayOf<int8_t>(env, one, call.net->weights_of(i)).data);
    Check(napi_get_element(env, call.args[3], i, &one), "The zero points are no list.");
    zero_points.push_back(ArrayOf<int32_t>(env, one, call.net->channels_of(i)).data);
  }
  call.net->Load(grids.data, weights, zero_points);
  return nullptr;
}

// (network, convolution, scale, bias)
napi_value Fold(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const int32_t convolution = call.Convolution(1);
  const int64_t channels = call.net->channels_of(convolution);
  call.net->Fold(convolution, ArrayOf<float>(env, call.args[2], channels).data, ArrayOf<float>(env, call.args[3], channels).data);
  return nullptr;
}

// (network, images) -> promise of the outputs
napi_value Evaluate(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto images = ArrayOf<uint8_t>(env, call.args[1]);
  auto task = std::make_unique<Task>();
  task->net = call.net;
  task->pixels = images.data;
  task->count = images.length / call.net->input_size();
  Check(napi_create_reference(env, call.args[1], 1, &task->images), "The images cannot be kept.");
  const int64_t length = task->count * call.net->output_size();
  return Start(env, std::move(task), napi_float32_array, length);
}

// (network, images)
napi_value Begin(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto images = ArrayOf<uint8_t>(env, call.args[1]);
  call.net->Begin(images.length / call.net->input_size());
  return nullptr;
}

// (network, convolution, images of begin) -> promise of sums and sums of squares
napi_value Moments(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto task = std::make_unique<Task>();
  task->net = call.net;
  task->convolution = call.Convolution(1);
  task->pixels = ArrayOf<uint8_t>(env, call.args[2], call.net->batch_size() * call.net->input_size()).data;
  Check(napi_create_reference(env, call.args[2], 1, &task->images), "The images cannot be kept.");
  const int64_t length = 2 * call.net->channels_of(task->convolution);
  return Start(env, std::move(task), napi_float64_array, length);
}

// (network): gives up what Begin and moments keep
napi_value End(napi_env env, napi_callback_info info) {
  Call(env, info).net->End();
  return nullptr;
}

// (network): gives its memory back
napi_value Release(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  void* handle = nullptr;
  napi_get_value_external(env, call.args[0], &handle);
  static_cast<Net*>(handle)->reset();
  return nullptr;
}

}  // namespace

void ExportIntegerNet(napi_env env, napi_value exports) {
  Export<Create>(env, exports, "createIntegerNet");
  Export<Load>(env, exports, "loadIntegerNet");
  Export<Fold>(env, exports, "foldIntegerNet");
  Export<Evaluate>(env, exports, "evaluateIntegerNet");
  Export<Begin>(env, exports, "beginIntegerNet");
  Export<Moments>(env, exports, "momentsIntegerNet");
  Export<End>(env, exports, "endIntegerNet");
  Export<Release>(env, exports, "releaseIntegerNet");
}

}  // namespace eqnet
