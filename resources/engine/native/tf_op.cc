#include "tf_op.h"

#include <stdexcept>
#include <string>

namespace eqnet {

Context::Context(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()), inputs_(TF_NumInputs(context), nullptr) {}

Context::~Context() {
  for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

void Context::Report() {
  if (!ok()) TF_OpKernelContext_Failure(context_, status_);
}

void Context::Fail(const char* why) {
  TF_SetStatus(status_, TF_INTERNAL, why);
  Report();
}

TF_Tensor* Context::Tensor(int index) {
  if (!ok()) return nullptr;
  if (!inputs_[index]) {
    TF_GetInput(context_, index, &inputs_[index], status_);
    Report();
    if (inputs_[index]) tensors_.push_back(inputs_[index]);
  }
  return inputs_[index];
}

Input Context::Get(int index) {
  TF_Tensor* tensor = Tensor(index);
  if (!tensor) return {};
  return {static_cast<const float*>(TF_TensorData(tensor)), TF_TensorElementCount(tensor)};
}

float* Context::InPlace(int index, int64_t size) {
  const Input input = Get(index);
  if (ok() && input.size != size) Fail("Variables of one step differ in size.");
  return const_cast<float*>(input.data);
}

float Context::Scalar(int index) {
  const Input input = Get(index);
  return input.size > 0 ? input.data[0] : 0.0f;
}

Quantizer Context::ReadQuantizer(int from) { return {Scalar(from), Scalar(from + 1), Scalar(from + 2), Scalar(from + 3)}; }

float* Context::Own(TF_Tensor* tensor) {
  Report();
  if (!tensor) return nullptr;
  tensors_.push_back(tensor);
  return static_cast<float*>(TF_TensorData(tensor));
}

std::vector<int64_t> Context::Shape(int index) {
  TF_Tensor* tensor = nullptr;
  if (ok()) TF_GetInput(context_, index, &tensor, status_);
  Report();
  if (!tensor) return {};
  std::vector<int64_t> dims(TF_NumDims(tensor));
  for (size_t i = 0; i < dims.size(); i++) dims[i] = TF_Dim(tensor, static_cast<int>(i));
  TF_DeleteTensor(tensor);
  return dims;
}

float* Context::ForwardOrAllocate(std::initializer_list<int> candidates, int like, int output) {
  const std::vector<int64_t> dims = Shape(like);
  if (!ok()) return nullptr;
  int forwarded = -1;
  return Own(TF_ForwardInputOrAllocateOutput(context_, candidates.begin(), static_cast<int>(candidates.size()), output, dims.data(),
                                             static_cast<int>(dims.size()), &forwarded, status_));
}

float* Context::Allocate(int output, const std::vector<int64_t>& dims) {
  if (!ok()) return nullptr;
  size_t bytes = sizeof(float);
  for (const int64_t dim : dims) bytes *= dim;
  return Own(TF_AllocateOutput(context_, output, TF_FLOAT, dims.data(), static_cast<int>(dims.size()), bytes, status_));
}

float* Context::AllocateVector(int output, int64_t size) { return Allocate(output, {size}); }

float* Context::AllocateScalar(int output) { return Allocate(output, {}); }

// What `get` reads into a value of type T.
template <typename T, typename Get>
T Attribute(TF_OpKernelConstruction* construction, const Get& get) {
  TF_Status* status = TF_NewStatus();
  T value{};
  get(&value, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return value;
}

bool BoolAttribute(TF_OpKernelConstruction* construction, const char* name) {
  return Attribute<unsigned char>(construction, [&](auto* value, TF_Status* status) { TF_OpKernelConstruction_GetAttrBool(construction, name, value, status); }) != 0;
}

float FloatAttribute(TF_OpKernelConstruction* construction, const char* name) {
  return Attribute<float>(construction, [&](auto* value, TF_Status* status) { TF_OpKernelConstruction_GetAttrFloat(construction, name, value, status); });
}

int64_t IntAttribute(TF_OpKernelConstruction* construction, const char* name) {
  return Attribute<int64_t>(construction, [&](auto* value, TF_Status* status) { TF_OpKernelConstruction_GetAttrInt64(construction, name, value, status); });
}

void IntsAttribute(TF_OpKernelConstruction* construction, const char* name, int64_t* values, int count) {
  TF_Status* status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrInt64List(construction, name, values, count, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
}

void CopyShape(TF_ShapeInferenceContext* shapes, int input, int output, TF_Status* status) {
  TF_ShapeHandle* handle = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(shapes, input, handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(shapes, output, handle, status);
  TF_DeleteShapeHandle(handle);
}

void SetVectorShape(TF_ShapeInferenceContext* shapes, int output, int64_t size, TF_Status* status) {
  TF_ShapeHandle* handle = TF_ShapeInferenceContextVectorFromSize(shapes, size);
  TF_ShapeInferenceContextSetOutput(shapes, output, handle, status);
  TF_DeleteShapeHandle(handle);
}

void RegisterOp(const OpSpec& spec) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(spec.name);
  for (const char* input : spec.inputs) TF_OpDefinitionBuilderAddInput(op, input);
  for (const char* output : spec.outputs) TF_OpDefinitionBuilderAddOutput(op, output);
  for (const char* attribute : spec.attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  TF_OpDefinitionBuilderSetIsStateful(op, spec.changes);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, spec.shapes);
  TF_RegisterOpDefinition(op, status);
  if (TF_GetCode(status) == TF_OK)
    TF_RegisterKernelBuilder(spec.name, TF_NewKernelBuilder(spec.name, "CPU", spec.create, spec.compute, spec.destroy), status);
  const std::string problem = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  if (!problem.empty()) throw std::runtime_error(problem);
}

}  // namespace eqnet
