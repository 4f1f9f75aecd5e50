/** What networks expect to be done to an image in [0, 1] before they read it: (x - mean) / std; null = nothing. */
export const NORMALIZATIONS = {
  none: null,
  /** torchvision and most networks trained on ImageNet; red, green, blue */
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  /** to [-1, 1]: MobileNet and Inception of Keras, TensorFlow.js */
  symmetric: { mean: [0.5], std: [0.5] },
  /** 0 .. 255 in place of 0 .. 1 */
  bytes: { mean: [0], std: [1 / 255] },
} as const;
