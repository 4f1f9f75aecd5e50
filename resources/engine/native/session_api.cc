// A TensorFlow session for JavaScript; src/worker/engine/graph-session.ts has the types. The addon of tfjs-node can open a SavedModel
// only, reads it twice, and lets TensorFlow rewrite the graph of each kind of call, which takes seconds and finds nothing in ours.
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "node_values.h"
#include "tensorflow/c/c_api.h"

namespace eqnet {
namespace {

class Status {
 public:
  ~Status() { TF_DeleteStatus(status_); }
  operator TF_Status*() const { return status_; }
  void Check() const {
    if (TF_GetCode(status_) != TF_OK) throw std::runtime_error(TF_Message(status_));
  }

 private:
  TF_Status* status_ = TF_NewStatus();
};

struct Tensors {
  ~Tensors() {
    for (TF_Tensor* tensor : of)
      if (tensor) TF_DeleteTensor(tensor);
  }
  std::vector<TF_Tensor*> of;
};

// What the next call is fed with.
struct Feeds {
  std::vector<std::string> names;
  Tensors tensors;
};

// Variables live as long as their session.
class Session {
 public:
  Session(const void* graph, size_t graph_size, const void* config, size_t config_size) {
    Status status;
    const std::unique_ptr<TF_SessionOptions, void (*)(TF_SessionOptions*)> options(TF_NewSessionOptions(), TF_DeleteSessionOptions);
    TF_SetConfig(options.get(), config, config_size, status);
    status.Check();
    session_ = TF_NewDeprecatedSession(options.get(), status);
    status.Check();
    TF_ExtendGraph(session_, graph, graph_size, status);
    if (TF_GetCode(status) != TF_OK) Close();
    status.Check();
  }
  ~Session() { Close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  TF_DeprecatedSession* get() const {
    if (!session_) throw std::runtime_error("The session is closed.");
    return session_;
  }
  void Close() {
    if (!session_) return;
    Status status;
    TF_CloseDeprecatedSession(session_, status);
    TF_DeleteDeprecatedSession(session_, status);
    session_ = nullptr;
  }

  std::unique_ptr<Feeds> feeds;

 private:
  TF_DeprecatedSession* session_ = nullptr;
};

uint32_t LengthOf(napi_env env, napi_value list) {
  uint32_t length = 0;
  Check(napi_get_array_length(env, list, &length), "A list was expected.");
  return length;
}

napi_value At(napi_env env, napi_value list, uint32_t index) {
  napi_value value;
  Check(napi_get_element(env, list, index, &value), "A list cannot be read.");
  return value;
}

std::vector<std::string> NamesOf(napi_env env, napi_value list) {
  std::vector<std::string> names(LengthOf(env, list));
  for (uint32_t i = 0; i < names.size(); i++) {
    const napi_value value = At(env, list, i);
    size_t length = 0;
    Check(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "A name was expected.");
    names[i].resize(length);
    Check(napi_get_value_string_utf8(env, value, &names[i][0], length + 1, &length), "A name was expected.");
  }
  return names;
}

std::vector<const char*> Pointers(const std::vector<std::string>& names) {
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  return pointers;
}

// A copy: TensorFlow lets go of it on a thread of its own, and a variable may keep it.
TF_Tensor* TensorOf(napi_env env, napi_value array, napi_value shape) {
  napi_typedarray_type type{};
  size_t values = 0;
  void* data = nullptr;
  Check(napi_get_typedarray_info(env, array, &type, &values, &data, nullptr, nullptr), "An array was expected.");
  if (type != napi_float32_array && type != napi_int32_array) throw std::runtime_error("A session takes floats and 32-bit integers.");
  std::vector<int64_t> dims(LengthOf(env, shape));
  int64_t count = 1;
  for (uint32_t i = 0; i < dims.size(); i++) {
    Check(napi_get_value_int64(env, At(env, shape, i), &dims[i]), "A size was expected.");
    count *= dims[i];
  }
  if (count != static_cast<int64_t>(values)) throw std::runtime_error("An array does not fill its shape.");
  const size_t bytes = 4 * values;
  TF_Tensor* tensor = TF_AllocateTensor(type == napi_float32_array ? TF_FLOAT : TF_INT32, dims.data(), static_cast<int>(dims.size()), bytes);
  if (bytes) std::memcpy(TF_TensorData(tensor), data, bytes);
  return tensor;
}

napi_value Copied(napi_env env, const TF_Tensor* tensor) {
  const size_t bytes = TF_TensorByteSize(tensor);
  void* data = nullptr;
  napi_value buffer, array;
  Check(napi_create_arraybuffer(env, bytes, &data, &buffer), "There is no memory for a result.");
  if (bytes) std::memcpy(data, TF_TensorData(tensor), bytes);
  const napi_typedarray_type type = TF_TensorType(tensor) == TF_INT32 ? napi_int32_array : napi_float32_array;
  Check(napi_create_typedarray(env, type, bytes / 4, buffer, 0, &array), "There is no memory for a result.");
  return array;
}

struct Call {
  napi_value args[4] = {};
  size_t count = 4;
  Call(napi_env env, napi_callback_info info) { Check(napi_get_cb_info(env, info, &count, args, nullptr, nullptr), "The arguments cannot be read."); }
  Session& session(napi_env env) const {
    void* handle = nullptr;
    Check(napi_get_value_external(env, args[0], &handle), "The first argument is no session.");
    return *static_cast<Session*>(handle);
  }
};

// (GraphDef, ConfigProto) -> session
napi_value Open(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const auto graph = ArrayOf<uint8_t>(env, call.args[0]);
  const auto config = ArrayOf<uint8_t>(env, call.args[1]);
  auto session = std::make_unique<Session>(graph.data, graph.length, config.data, config.length);
  napi_value handle;
  Check(napi_create_external(env, session.get(), [](napi_env, void* data, void*) { delete static_cast<Session*>(data); }, nullptr, &handle),
        "The session cannot be kept.");
  session.release();
  return handle;
}

// (session, names, arrays, shapes)
napi_value Feed(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto feeds = std::make_unique<Feeds>();
  feeds->names = NamesOf(env, call.args[1]);
  for (uint32_t i = 0; i < feeds->names.size(); i++)
    feeds->tensors.of.push_back(TensorOf(env, At(env, call.args[2], i), At(env, call.args[3], i)));
  call.session(env).feeds = std::move(feeds);
  return nullptr;
}

// (session, names of what is fetched, names of what is run besides) -> arrays
napi_value Run(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Session& session = call.session(env);
  const std::unique_ptr<Feeds> feeds = std::move(session.feeds);
  if (!feeds) throw std::runtime_error("The session was not fed.");
  const std::vector<std::string> fetches = NamesOf(env, call.args[1]);
  const std::vector<std::string> targets = NamesOf(env, call.args[2]);
  Tensors outputs;
  outputs.of.resize(fetches.size());
  Status status;
  TF_Run(session.get(), nullptr, Pointers(feeds->names).data(), feeds->tensors.of.data(), static_cast<int>(feeds->names.size()),
         Pointers(fetches).data(), outputs.of.data(), static_cast<int>(fetches.size()),
         Pointers(targets).data(), static_cast<int>(targets.size()), nullptr, status);
  status.Check();
  napi_value results;
  Check(napi_create_array_with_length(env, fetches.size(), &results), "There is no memory for the results.");
  for (uint32_t i = 0; i < fetches.size(); i++)
    Check(napi_set_element(env, results, i, Copied(env, outputs.of[i])), "There is no memory for the results.");
  return results;
}

napi_value CloseNow(napi_env env, napi_callback_info info) {
  Call(env, info).session(env).Close();
  return nullptr;
}

}  // namespace

void ExportSession(napi_env env, napi_value exports) {
  Export<Open>(env, exports, "openSession");
  Export<Feed>(env, exports, "feedSession");
  Export<Run>(env, exports, "runSession");
  Export<CloseNow>(env, exports, "closeSession");
}

}  // namespace eqnet
