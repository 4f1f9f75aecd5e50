/** [height, width, channels] -> [channels, height, width]. */
export function toChannelsFirst(image: Float32Array, [height, width, channels]: readonly number[]): Float32Array {
  const result = new Float32Array(image.length);
  for (let place = 0; place < height * width; place++)
    for (let c = 0; c < channels; c++) result[c * height * width + place] = image[place * channels + c];
  return result;
}
