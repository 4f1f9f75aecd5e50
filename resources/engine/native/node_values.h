// What the exports for JavaScript share: arguments are checked, and what goes wrong is thrown as an error there.
#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>

#include "node_api.h"

namespace eqnet {

template <typename T>
struct View {
  T* data = nullptr;
  int64_t length = 0;
};
constexpr napi_typedarray_type ArrayType(uint8_t) { return napi_uint8_array; }
constexpr napi_typedarray_type ArrayType(int8_t) { return napi_int8_array; }
constexpr napi_typedarray_type ArrayType(int32_t) { return napi_int32_array; }
constexpr napi_typedarray_type ArrayType(float) { return napi_float32_array; }

inline void Check(napi_status status, const char* what) {
  if (status != napi_ok) throw std::runtime_error(what);
}

template <typename T>
View<T> ArrayOf(napi_env env, napi_value value, int64_t length = -1) {
  bool is = false;
  napi_is_typedarray(env, value, &is);
  napi_typedarray_type type{};
  size_t count = 0;
  void* data = nullptr;
  if (is) Check(napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr), "An array cannot be read.");
  if (!is || type != ArrayType(T{})) throw std::runtime_error("An array has another type than the network takes.");
  if (length >= 0 && static_cast<int64_t>(count) != length)
    throw std::runtime_error("An array has " + std::to_string(count) + " values where the network takes " + std::to_string(length) + ".");
  return {static_cast<T*>(data), static_cast<int64_t>(count)};
}

inline int32_t NumberOf(napi_env env, napi_value value) {
  int32_t number = 0;
  Check(napi_get_value_int32(env, value, &number), "A number was expected.");
  return number;
}

// The text of an argument, or nullptr where it is none.
struct Name {
  char text[16];
  const char* value;

  Name(napi_env env, napi_value argument) {
    size_t length = 0;
    value = argument && napi_get_value_string_utf8(env, argument, text, sizeof text, &length) == napi_ok ? text : nullptr;
  }
};

template <napi_value (*kBody)(napi_env, napi_callback_info)>
napi_value Guarded(napi_env env, napi_callback_info info) {
  try {
    return kBody(env, info);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

template <napi_value (*kBody)(napi_env, napi_callback_info)>
void Export(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  Check(napi_create_function(env, name, NAPI_AUTO_LENGTH, Guarded<kBody>, nullptr, &function), "A function cannot be made.");
  Check(napi_set_named_property(env, exports, name, function), "A function cannot be exported.");
}

}  // namespace eqnet
