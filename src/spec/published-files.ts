// Names of files in what a run publishes, for those that write them, that look for them, and that tell by them whose folder it is. A base
// model's folder has the weights under the same name.

/** A model's weights; by their hash a published model is known. */
export const WEIGHTS_FILE = 'model.safetensors';

/** The encoder alone, for programs that pool themselves. */
export const POOLED_ONNX = 'onnx/model_pooled.onnx';

/** Evaluations, in sentence-transformers' form. */
export const EVALUATION_CSV = 'eval/Information-Retrieval_evaluation_results.csv';

/** The page of a run, or of a comparison. */
export const REPORT_FILE = 'report.html';

/** A comparison as data. */
export const COMPARISON_FILE = 'comparison.json';

/** The event file of a training; TensorBoard finds it by its beginning. */
export const EVENT_FILE = 'events.out.tfevents.0000000001.temporal-finetune';
