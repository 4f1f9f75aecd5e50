// What the convolutions here have in common: their attributes.
#pragma once

#include <cstdint>

#include "tf_op.h"

namespace eqnet {

struct ConvolutionAttributes {
  int64_t stride[2];
  int64_t padding[4];  // top, bottom, left, right
  int64_t size[2];     // height and width that an op's inputs do not tell: of the output, the image or the filter
};

// kSized: with `size`.
template <bool kSized>
void* CreateConvolution(TF_OpKernelConstruction* construction) {
  auto* attributes = new ConvolutionAttributes{};
  IntsAttribute(construction, "strides", attributes->stride, 2);
  IntsAttribute(construction, "padding", attributes->padding, 4);
  if (kSized) IntsAttribute(construction, "size", attributes->size, 2);
  return attributes;
}
inline void DeleteConvolution(void* kernel) { delete static_cast<ConvolutionAttributes*>(kernel); }

inline void UnknownShape(TF_ShapeInferenceContext* shapes, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(shapes, status); }

inline int64_t RoundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace eqnet
