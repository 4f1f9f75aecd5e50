import { z } from 'zod';
import { Unsupported } from '../network-writer.ts';

/** One layer as Keras describes it: its settings, and the layers that it reads. */
export interface KerasLayer {
  kind: string;
  name: string;
  config: Record<string, unknown>;
  inputs: string[];
}

const settings = z.record(z.string(), z.unknown());
const listed = z.looseObject({ class_name: z.string(), config: settings, inbound_nodes: z.array(z.unknown()).optional() });
const network = z.looseObject({
  class_name: z.enum(['Sequential', 'Functional', 'Model']),
  config: z.union([
    z.array(listed),
    z.looseObject({ layers: z.array(listed), input_layers: z.unknown().optional(), output_layers: z.unknown().optional() }),
  ]),
});

/** The names of a reference like `["conv", 0, 0]`, or of a list of them. */
function referenced(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  if (typeof value[0] === 'string') return [value[0]];
  return value.flatMap(referenced);
}

/**
 * The layers of a sequential or functional model in order, the first an InputLayer.
 * @returns the layers, and the name of the one that is the output
 * @throws Unsupported for other models, several inputs or outputs, and layers that are used twice
 */
export function layersOf(topology: Record<string, unknown>): { layers: KerasLayer[]; output: string } {
  const parsed = network.safeParse(topology.model_config ?? topology);
  if (!parsed.success) throw new Unsupported('describes no sequential or functional model');
  const { class_name: kind, config } = parsed.data;
  const list = Array.isArray(config) ? config : config.layers;
  const own = list.map((layer): KerasLayer => {
    const nodes = layer.inbound_nodes ?? [];
    if (nodes.length > 1)
      throw new Unsupported(`uses layer '${String(layer.config.name)}' ${nodes.length} times; write it as layers of their own`);
    return { kind: layer.class_name, name: String(layer.config.name), config: layer.config, inputs: referenced(nodes[0]) };
  });
  if (kind === 'Sequential') {
    const shape = own[0]?.config.batch_input_shape;
    if (own[0]?.kind !== 'InputLayer') own.unshift({ kind: 'InputLayer', name: 'input', config: { batch_input_shape: shape }, inputs: [] });
    own.forEach((layer, i) => (layer.inputs = i ? [own[i - 1].name] : []));
    return { layers: own, output: own.at(-1)!.name };
  }
  const outputs = Array.isArray(config) ? [] : referenced(config.output_layers);
  if (outputs.length !== 1) throw new Unsupported(`has ${outputs.length} outputs, and a classifier has one`);
  if (own.filter((layer) => layer.kind === 'InputLayer').length !== 1)
    throw new Unsupported('has several inputs, and one image is what a network reads here');
  return { layers: own, output: outputs[0] };
}
