// What the ops here need of TensorFlow's C interface for ops and kernels.
#pragma once

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <vector>

#include "quantizer.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// Of tensorflow/c/kernels.h, which pulls in headers that have nothing to do with C.
extern "C" {
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* op_name, const char* device_name, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* kernel_name, TF_KernelBuilder* builder, TF_Status* status);
int TF_NumInputs(TF_OpKernelContext* context);
void TF_GetInput(TF_OpKernelContext* context, int index, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int index, TF_DataType dtype, const int64_t* dims, int num_dims,
                             size_t bytes, TF_Status* status);
TF_Tensor* TF_ForwardInputOrAllocateOutput(TF_OpKernelContext* context, const int* candidates, int num_candidates, int index,
                                           const int64_t* dims, int num_dims, int* forwarded, TF_Status* status);
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction* construction, TF_Status* status);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction* construction, const char* name, unsigned char* value,
                                         TF_Status* status);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction* construction, const char* name, float* value, TF_Status* status);
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction* construction, const char* name, int64_t* value, TF_Status* status);
void TF_OpKernelConstruction_GetAttrInt64List(TF_OpKernelConstruction* construction, const char* name, int64_t* values, int max_values,
                                              TF_Status* status);
}

namespace eqnet {

struct Input {
  const float* data = nullptr;
  int64_t size = 0;
};

// One call of a kernel; the first failure is told to TensorFlow, and every later call does nothing.
class Context {
 public:
  explicit Context(TF_OpKernelContext* context);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  bool ok() const { return TF_GetCode(status_) == TF_OK; }
  Input Get(int index);
  int Inputs() const { return static_cast<int>(inputs_.size()); }
  // The memory of an input, to be changed: only of what ReadVariableOp gives, see adam.cc.
  float* InPlace(int index, int64_t size);
  float Scalar(int index);
  Quantizer ReadQuantizer(int from);
  // An output of the shape of input `like`, in the memory of the first of some inputs that nobody else reads. Must come before
  // their data are asked for: what holds those counts as a reader.
  float* ForwardOrAllocate(std::initializer_list<int> candidates, int like, int output);
  float* Allocate(int output, const std::vector<int64_t>& dims);
  float* AllocateVector(int output, int64_t size);
  float* AllocateScalar(int output);
  std::vector<int64_t> Shape(int index);
  void Fail(const char* why);

 private:
  TF_Tensor* Tensor(int index);
  float* Own(TF_Tensor* tensor);
  void Report();

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
  std::vector<TF_Tensor*> inputs_;
};

// A compute function: TensorFlow, which calls it, is built without exceptions and would end the process.
template <void (*kBody)(void* kernel, Context& context)>
void Guarded(void* kernel, TF_OpKernelContext* raw) {
  Context context(raw);
  try {
    kBody(kernel, context);
  } catch (const std::exception& error) {
    context.Fail(error.what());
  }
}

bool BoolAttribute(TF_OpKernelConstruction* construction, const char* name);
float FloatAttribute(TF_OpKernelConstruction* construction, const char* name);
int64_t IntAttribute(TF_OpKernelConstruction* construction, const char* name);
void IntsAttribute(TF_OpKernelConstruction* construction, const char* name, int64_t* values, int count);

struct OpSpec {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  std::vector<const char*> attributes;
  void (*shapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
  // Whether it changes something: it is then neither left out nor taken as one with another that has the same inputs.
  bool changes = false;
};

void RegisterOp(const OpSpec& spec);
void CopyShape(TF_ShapeInferenceContext* shapes, int input, int output, TF_Status* status);
void SetVectorShape(TF_ShapeInferenceContext* shapes, int output, int64_t size, TF_Status* status);

}  // namespace eqnet
