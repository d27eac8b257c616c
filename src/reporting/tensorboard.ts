// TensorBoard event files: records of TensorFlow's TFRecord format, each holding one Event message with scalars or histograms.
// Formats: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto.
// The same events give the same bytes: wall times are the caller's. Only the fields that are written here are described.
import { open } from 'node:fs/promises';
import { crc32c } from '@node-rs/crc32';
import protobuf from 'protobufjs';
import type { Histogram } from '../training/histogram.js';

/** One point of one series. */
export type TensorBoardEvent = {
  /** Name of the series; a slash makes groups, e.g. `loss/step`. */
  tag: string;
  step: number;
  /** Seconds since 1970. */
  wallTime: number;
} & ({ value: number } | { histogram: Histogram });

const root = protobuf.Root.fromJSON({
  nested: {
    HistogramProto: {
      fields: {
        min: { type: 'double', id: 1 },
        max: { type: 'double', id: 2 },
        num: { type: 'double', id: 3 },
        sum: { type: 'double', id: 4 },
        sumSquares: { type: 'double', id: 5 },
        bucketLimit: { rule: 'repeated', type: 'double', id: 6, options: { packed: true } },
        bucket: { rule: 'repeated', type: 'double', id: 7, options: { packed: true } },
      },
    },
    Value: {
      fields: {
        tag: { type: 'string', id: 1 },
        simpleValue: { type: 'float', id: 2 },
        histo: { type: 'HistogramProto', id: 5 },
      },
    },
    Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
    Event: {
      fields: {
        wallTime: { type: 'double', id: 1 },
        step: { type: 'int64', id: 2 },
        fileVersion: { type: 'string', id: 3 },
        summary: { type: 'Summary', id: 5 },
      },
    },
  },
});
const Event = root.lookupType('Event');

/**
 * Writes an event file anew, flushed to the disk; its name should be `events.out.tfevents.…`, by which TensorBoard finds it.
 *
 * @param events in the order in which they are written; steps of one tag should rise
 */
export async function writeEventFile(path: string, events: Iterable<TensorBoardEvent>): Promise<void> {
  const file = await open(path, 'w');
  try {
    let pending: Uint8Array[] = [];
    let bytes = 0;
    for (const chunk of encodeEvents(events)) {
      pending.push(chunk);
      bytes += chunk.length;
      if (bytes < 1 << 20) continue;
      await file.appendFile(Buffer.concat(pending));
      pending = [];
      bytes = 0;
    }
    await file.appendFile(Buffer.concat(pending));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The records of an event file, its version record first. */
export function* encodeEvents(events: Iterable<TensorBoardEvent>): Generator<Uint8Array> {
  let versioned = false;
  for (const event of events) {
    if (!versioned) yield record(Event.encode({ wallTime: event.wallTime, fileVersion: 'brain.Event:2' }).finish());
    versioned = true;
    const { tag, step, wallTime } = event;
    const value =
      'value' in event ? { tag, simpleValue: event.value } : { tag, histo: histogramProto(event.histogram) };
    yield record(Event.encode({ wallTime, step, summary: { value: [value] } }).finish());
  }
  if (!versioned) yield record(Event.encode({ wallTime: 0, fileVersion: 'brain.Event:2' }).finish());
}

function histogramProto({ min, max, count, sum, sumOfSquares, limits, counts }: Histogram): object {
  return { min, max, num: count, sum, sumSquares: sumOfSquares, bucketLimit: limits, bucket: counts };
}

/** uint64 length | masked CRC of the length | data | masked CRC of the data, little-endian. */
function record(data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 16);
  bytes.writeUInt32LE(data.length, 0);
  bytes.writeUInt32LE(maskedCrc(bytes.subarray(0, 8)), 8);
  bytes.set(data, 12);
  bytes.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return bytes;
}

/** CRC32C, rotated right by 15 bits, plus a constant: a CRC of data that holds CRCs would be weak. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
