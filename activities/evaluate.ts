// Evaluates a model's own weights on a dataset's test part, from a spec alone: an activity that a client runs by itself, without a workflow.
// It prepares what is missing and finds what a run has prepared before.
import { openLocalStore } from '../src/artifacts/local-store.js';
import { pinDataset } from '../src/dataset/pin-dataset.js';
import { prepareData } from '../src/dataset/retrain-inputs.js';
import { fetchBaseModel } from '../src/models/base-model.js';
import { pinModel } from '../src/sources/pin.js';
import { datasetName, modelName } from '../src/spec/names.js';
import { parseSpec } from '../src/spec/parse.js';
import { randomPart } from '../src/spec/random-model.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';

/** Makes the activity `evaluate`. */
export function evaluate(services: ActivityServices): Activities['evaluate'] {
  const { settings, sources, trainers } = services;
  return stageActivity(services, {
    // Nothing before it has met the store.
    openStore: () => openLocalStore({ folder: settings.store, create: true }),
    work: async (input, context) => {
      const spec = parseSpec(input);
      const pin = await pinModel(spec.model, sources, context);
      const data = await pinDataset(spec.dataset, sources, context);
      const { kind, key } = await fetchBaseModel({ pin, ...randomPart(spec.model) }, sources, context);
      const { artifact: _, ...result } = await trainers.call(
        'evaluateOn',
        {
          storeId: context.store.id,
          model: { kind, key },
          retrieval: await prepareData(spec, data, sources, context),
          prompts: spec.prompts,
          maxSequenceLength: spec.training.maxSequenceLength,
          part: 'test',
          topK: spec.evaluation.topK,
        },
        context,
      );
      return { model: modelName(spec.model), dataset: datasetName(spec.dataset), ...result };
    },
  });
}
