// Included once for each instruction set; see each_instruction_set.h. Plain loops, which the compiler makes vectors of: they have
// square roots and divisions, which are exact on each of them.

template <bool kExtra>
static inline __attribute__((always_inline)) void UpdateAs(const Step& step, const Part& part) {
  float* __restrict__ values = part.values;
  float* __restrict__ momenta = part.momenta;
  float* __restrict__ velocities = part.velocities;
  float* __restrict__ gradients = part.gradients;
  const float* __restrict__ extra = part.extra;
  const Step s = step;
  for (int64_t i = 0; i < part.size; i++) {
    float g = gradients[i];
    if (kExtra) g = g + extra[i] * s.extra_scale;
    // written so that a NaN stays one: a diverged training must be seen
    g = g > s.limit ? s.limit : g;
    g = g < -s.limit ? -s.limit : g;
    const float m = momenta[i] + (g - momenta[i]) * s.first;
    const float v = velocities[i] + (g * g - velocities[i]) * s.second;
    momenta[i] = m;
    velocities[i] = v;
    values[i] = values[i] - (m * s.rate) / (std::sqrt(v) + s.epsilon);
    gradients[i] = 0.0f;
  }
}

void Update(const Step& step, const Part& part) {
  if (part.extra) UpdateAs<true>(step, part);
  else UpdateAs<false>(step, part);
}

const Loops all{Update};
